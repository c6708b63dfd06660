"""The worker process: takes tasks from the queue and runs one child process for each."""
