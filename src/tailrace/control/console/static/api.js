// The console's HTTP interface: JSON in and out, one kind of error.

const ROOT = "/console/api";

/** What went wrong, in words for people. `code` is the API's, `path` the parameter that it names, or "". */
export class Failure extends Error {
  constructor(code, message, status = 0) {
    super(message);
    this.code = code;
    this.status = status;
    // The server's messages name parameters so: `PublishCdnParams.0.PublishCdnUrl`.
    this.path = /`([A-Za-z][\w.]*)`/.exec(message)?.[1] || "";
  }

  /** Whether the session is over, so that only signing in helps. */
  get signedOut() {
    return this.status === 401;
  }
}

/** Send a request to the console and return its answer. Throws Failure. */
export async function request(method, path, body) {
  let answer;
  try {
    answer = await fetch(ROOT + path, {
      method,
      headers: body === undefined && method === "GET" ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
    });
  } catch {
    throw new Failure("Unreachable", "The server does not answer. Is it running, and is the network up?");
  }
  if (answer.status === 204) return null;
  const told = await answer.json().catch(() => null);
  if (answer.ok && told !== null) return told;
  const error = told?.Error || {};
  if (answer.status === 401) dispatchEvent(new CustomEvent("signedout"));
  throw new Failure(error.Code || `HTTP ${answer.status}`, error.Message || answer.statusText, answer.status);
}

/** Call an action of the Cloud API as the one who signed in, and return its Response. Throws Failure. */
export async function call(action, payload) {
  const { Response: response } = await request("POST", "/call", { Action: action, Payload: payload });
  if (response.Error) throw new Failure(response.Error.Code, response.Error.Message, 200);
  return response;
}

/** Return a UserSig of `user` in app `app`, for `lifetime` seconds. */
export async function userSig(app, user, lifetime = 3600) {
  const made = await request("POST", "/usersig", { SdkAppId: app, UserId: user, LifetimeSeconds: lifetime });
  return made.UserSig;
}
