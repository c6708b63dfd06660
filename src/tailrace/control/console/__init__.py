"""The console: pages for a browser, and what they ask for, on the same port as the Cloud API."""
