// A deployed client: socket.io-client over websocket alone, without our client's additions in the handshake.
import { io } from "socket.io-client";

/** A socket that keeps what it received, so that a test can wait for an event that may have come already. */
export class Device {
  static async connect(server, person, namespace = "", more = {}) {
    const device = new Device(server, person.token, namespace, more);
    await device.connected;
    return device;
  }

  /** `more` goes into the handshake beside the token: `{ protocol: 1 }` makes it a client like ours. */
  constructor(server, token, namespace = "", more = {}) {
    this.received = [];
    this.waiting = [];
    this.socket = io(server.url + namespace, { transports: ["websocket"], auth: { token, ...more }, forceNew: true, reconnection: false });
    this.connected = new Promise((done, fail) => {
      this.socket.on("connect", done);
      this.socket.on("connect_error", fail);
    });
    this.connected.catch(() => {});
    this.disconnected = new Promise((done) => this.socket.on("disconnect", done));
    this.socket.onAny((event, ...args) => {
      this.received.push({ event, payload: args[0], args: args.length });
      this.waiting = this.waiting.filter((look) => !look());
    });
  }

  emit(event, payload) {
    this.socket.emit(event, payload);
  }

  /** Emits with an acknowledgement; `undefined` if none comes within `ms`. */
  ask(event, payload, ms = 500) {
    return new Promise((done) => {
      const timer = setTimeout(() => done(undefined), ms);
      this.socket.emit(event, payload, (answer) => {
        clearTimeout(timer);
        done(answer ?? null);
      });
    });
  }

  /** Takes the next `event` (that is `like` this) out of what was received, and waits for it if need be. */
  take(event, like = () => true, ms = 5000) {
    return new Promise((done, fail) => {
      const look = () => {
        const at = this.received.findIndex((r) => r.event === event && like(r.payload));
        if (at < 0) return false;
        clearTimeout(timer);
        done(this.received.splice(at, 1)[0].payload);
        return true;
      };
      const timer = setTimeout(() => {
        this.waiting = this.waiting.filter((other) => other !== look);
        fail(new Error(`no ${event} within ${ms} ms; received: ${JSON.stringify(this.received)}`));
      }, ms);
      if (!look()) this.waiting.push(look);
    });
  }

  /** What has come under this name and was not taken. */
  left(event) {
    return this.received.filter((r) => r.event === event).map((r) => r.payload);
  }

  /** Returns once everything that the server sent before has come: a round trip through the session's queue. */
  async settle() {
    this.emit("getChats");
    await this.take("userChats");
  }

  close() {
    this.socket.disconnect();
  }
}
