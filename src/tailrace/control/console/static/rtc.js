// WHIP and WHEP (RFC 9725 and its draft for playing): one POST of an offer, one answer, DELETE at the end.

import { Failure } from "./api.js";

// A server that has not answered by then does not.
const ANSWER_WITHIN = 10_000;
const CONNECTED_WITHIN = 15_000;

// What an HTTP status of a media server means for who looks at this page.
const MEANING = {
  401: "The server does not accept the UserSig. Reload the page and try again.",
  403: "This user may not do that in this room.",
  404: "Nobody publishes that at the moment, or the application is unknown to the media server.",
  422: "The server and this browser have no codec in common that fits.",
  503: "The server has no room for another connection at the moment. Try again in a minute.",
};

/** One connection that publishes or plays. `state`: "connecting", "live", "lost" (see `failure`) or "closed". */
export class Connection {
  constructor({ address, token, changed }) {
    this.state = "connecting";
    this.failure = null;
    this.stream = new MediaStream();
    this._address = address;
    this._token = token;
    this._changed = changed;
    this._giveUp = new AbortController();
    this._before = null;
    this.peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    this.peer.ontrack = ({ track, receiver }) => {
      this.stream.addTrack(track);
      // What is watched here is watched live: the least buffer that plays.
      if ("jitterBufferTarget" in receiver) receiver.jitterBufferTarget = 0;
    };
    this.peer.onconnectionstatechange = () => this._connection(this.peer.connectionState);
  }

  /** Play what the address has. Never throws: `state` and `failure` tell. */
  async play() {
    this._whenEnded = "The server has ended the connection: what was played is over, or the server stops.";
    this.peer.addTransceiver("video", { direction: "recvonly" });
    this.peer.addTransceiver("audio", { direction: "recvonly" });
    await this._begin();
  }

  /** Publish these tracks. `codec`: the wished one of the picture, such as "video/H264"; `kbps`: what it may take. */
  async publish(stream, { codec, kbps }) {
    this._whenEnded = "The server has ended the connection: this user publishes from elsewhere now, or the server stops.";
    for (const track of stream.getTracks()) {
      const encoding = track.kind === "video" ? { maxBitrate: kbps * 1000 } : {};
      const way = this.peer.addTransceiver(track, { direction: "sendonly", streams: [stream], sendEncodings: [encoding] });
      if (track.kind === "video") prefer(way, codec);
    }
    await this._begin();
  }

  /** End in order; twice is harmless. */
  async close() {
    this._giveUp.abort();
    if (this.state !== "lost") this._set("closed");
    this.peer.close();
    const session = this._session;
    this._session = null;
    // The end of the connection tells the server too, if this does not arrive.
    if (session) await fetch(session, { method: "DELETE", headers: this._bearer(), keepalive: true }).catch(() => null);
  }

  /** Return {kbps, width, height, fps, lost, codec} since the last call. */
  async figures() {
    if (this.state === "closed") return null;
    const report = await this.peer.getStats();
    const now = { at: performance.now(), bytes: 0, lost: 0, width: 0, height: 0, fps: 0, codec: "" };
    for (const one of report.values()) {
      if (one.type !== "inbound-rtp" && one.type !== "outbound-rtp") continue;
      now.bytes += one.bytesReceived || one.bytesSent || 0;
      now.lost += one.packetsLost || 0;
      if (one.kind !== "video") continue;
      now.width = one.frameWidth || 0;
      now.height = one.frameHeight || 0;
      now.fps = Math.round(one.framesPerSecond || 0);
      now.codec = (report.get(one.codecId)?.mimeType || "").replace("video/", "").replace("H264", "H.264");
    }
    const before = this._before;
    this._before = now;
    const kbps = before ? Math.max(0, ((now.bytes - before.bytes) * 8) / (now.at - before.at)) : 0;
    return { ...now, kbps };
  }

  async _begin() {
    const timer = setTimeout(() => this._lost(new Failure("", "No media came. A firewall may keep its UDP port closed.")), CONNECTED_WITHIN);
    this._giveUp.signal.addEventListener("abort", () => clearTimeout(timer));
    try {
      await this._negotiate();
    } catch (error) {
      if (this._giveUp.signal.aborted) return;
      this._lost(error instanceof Failure ? error : new Failure("", error.message));
    }
  }

  async _negotiate() {
    const offer = await this.peer.createOffer();
    const answer = await fetch(this._address, {
      method: "POST",
      headers: { "Content-Type": "application/sdp", ...this._bearer() },
      body: offer.sdp,
      signal: AbortSignal.any([this._giveUp.signal, AbortSignal.timeout(ANSWER_WITHIN)]),
    }).catch(() => {
      throw new Failure("", `The media server at ${new URL(this._address).origin} does not answer.`);
    });
    if (!answer.ok) {
      const words = (await answer.text()).trim().slice(0, 300);
      throw new Failure(`HTTP ${answer.status}`, [MEANING[answer.status], words && `(${words})`].filter(Boolean).join(" ") || answer.statusText);
    }
    const place = answer.headers.get("Location");
    if (place) this._session = new URL(place, this._address).href;
    const servers = iceServers(answer.headers.get("Link"));
    if (servers.length) this.peer.setConfiguration({ bundlePolicy: "max-bundle", iceServers: servers });
    const sdp = await answer.text();
    if (this._giveUp.signal.aborted) return void this.close();
    // Only now: candidates are gathered with the servers that the answer named. Ours need not be told, the server sees
    // where we come from.
    await this.peer.setLocalDescription(offer);
    this._hearGoodBye();
    await this.peer.setRemoteDescription({ type: "answer", sdp });
  }

  /** A server that ends a session says so over DTLS at once; to browsers the connection is "connected" for 17 s more. */
  _hearGoodBye() {
    const transport = this.peer.getTransceivers()[0]?.receiver.transport;
    transport?.addEventListener("statechange", () => {
      if (transport.state !== "closed") return;
      this._session = null;
      this._lost(new Failure("", this._whenEnded));
    });
  }

  _connection(state) {
    if (state === "connected") {
      this._giveUp.abort();
      this._giveUp = new AbortController();
      this._set("live");
    } else if (state === "failed" || state === "closed") {
      this._lost(new Failure("", "The connection broke off."));
    }
  }

  _lost(failure) {
    if (this.state === "closed" || this.state === "lost") return;
    this.failure = failure;
    this._set("lost");
    this.close();
  }

  _set(state) {
    this.state = state;
    this._changed(this);
  }

  _bearer() {
    return { Authorization: `Bearer ${this._token}` };
  }
}

/** Of two codecs the server takes the one it likes better, so only the wished one is offered, with what repairs it. */
function prefer(way, codec) {
  const known = RTCRtpSender.getCapabilities("video")?.codecs || [];
  const is = (one, ...names) => names.some((name) => one.mimeType.toLowerCase() === name.toLowerCase());
  // A browser without it can still publish, with another one.
  if (known.some((one) => is(one, codec))) way.setCodecPreferences(known.filter((one) => is(one, codec, "video/rtx")));
}

/** Return the servers of `Link: <turn:...>; rel="ice-server"; username="..."; credential="..."` headers. */
export function iceServers(header) {
  const servers = [];
  for (const [, url, rest] of (header || "").matchAll(/<([^>]+)>((?:\s*;\s*[\w-]+=(?:"[^"]*"|[^",;\s]*))*)/g)) {
    const said = Object.fromEntries([...rest.matchAll(/([\w-]+)=(?:"([^"]*)"|([^",;\s]*))/g)].map(([, name, quoted, bare]) => [name, quoted ?? bare]));
    if (said.rel !== "ice-server") continue;
    servers.push(said.username ? { urls: url, username: said.username, credential: said.credential || "" } : { urls: url });
  }
  return servers;
}
