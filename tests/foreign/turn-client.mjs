// A TURN client of few words (RFC 8656 over UDP): asks one thing, and gives the very answer.
import { createHash, createHmac, randomBytes } from "node:crypto";
import dgram from "node:dgram";
import { once } from "node:events";

const COOKIE = 0x2112a442;
const METHOD = { allocate: 0x003, refresh: 0x004, permit: 0x008 };
const SEND = 0x0016, DATA = 0x0017;
const ATTR = {
  username: 0x0006, integrity: 0x0008, error: 0x0009, lifetime: 0x000d, peer: 0x0012, data: 0x0013, realm: 0x0014, nonce: 0x0015,
  relayed: 0x0016, transport: 0x0019,
};
const UDP = Buffer.from([17, 0, 0, 0]);

export class TurnClient {
  /** `credential`: what `iceServers` has. */
  static async open(port, credential) {
    const client = new TurnClient();
    Object.assign(client, { port, ...credential, waiting: new Map(), heard: [] });
    client.socket = dgram.createSocket("udp4").on("message", (message) => client.take(message));
    client.socket.bind(0, "127.0.0.1");
    await once(client.socket, "listening");
    return client;
  }

  /** Each of these returns 200 or the error code. */
  async allocate() {
    const { code, attributes } = await this.ask(METHOD.allocate, [[ATTR.transport, UDP]]);
    if (code === 200) this.relayed = address(attributes.get(ATTR.relayed));
    return code;
  }

  async refresh(seconds = 600) {
    const lifetime = Buffer.alloc(4);
    lifetime.writeUInt32BE(seconds);
    return (await this.ask(METHOD.refresh, [[ATTR.lifetime, lifetime]])).code;
  }

  async permit(ip) {
    return (await this.ask(METHOD.permit, [[ATTR.peer, xored({ ip, port: 0 })]])).code;
  }

  /** Sends through the relay; what comes back is in `heard`. */
  send(to, text) {
    this.socket.send(message(SEND, randomBytes(12), [[ATTR.peer, xored(to)], [ATTR.data, Buffer.from(text)]]), this.port, "127.0.0.1");
  }

  close() {
    this.socket.close();
  }

  async ask(method, attributes) {
    for (let attempt = 0; ; attempt++) {
      const signed = this.nonce && [[ATTR.username, Buffer.from(this.username)], [ATTR.realm, this.realm], [ATTR.nonce, this.nonce]];
      const answer = await this.request(method, [...attributes, ...(signed || [])], Boolean(signed));
      const challenged = [401, 438].includes(answer.code) && answer.attributes.has(ATTR.nonce) && attempt === 0;
      if (!challenged) return answer;
      this.realm = answer.attributes.get(ATTR.realm);
      this.nonce = answer.attributes.get(ATTR.nonce);
    }
  }

  request(method, attributes, sign) {
    const id = randomBytes(12);
    const bytes = sign ? this.signed(method, id, attributes) : message(method, id, attributes);
    return new Promise((done, fail) => {
      const timer = setTimeout(() => fail(new Error("the relay does not answer")), 3000);
      this.waiting.set(id.toString("hex"), (answer) => {
        clearTimeout(timer);
        done(answer);
      });
      this.socket.send(bytes, this.port, "127.0.0.1");
    });
  }

  /** MESSAGE-INTEGRITY is over all before it, with a length that counts it (RFC 8489 section 14.5). */
  signed(method, id, attributes) {
    const key = createHash("md5").update(`${this.username}:${this.realm}:${this.credential}`).digest();
    const whole = message(method, id, [...attributes, [ATTR.integrity, Buffer.alloc(20)]]);
    createHmac("sha1", key).update(whole.subarray(0, -24)).digest().copy(whole, whole.length - 20);
    return whole;
  }

  take(bytes) {
    const attributes = new Map();
    for (let at = 20; at + 4 <= bytes.length; ) {
      const length = bytes.readUInt16BE(at + 2);
      attributes.set(bytes.readUInt16BE(at), bytes.subarray(at + 4, at + 4 + length));
      at += 4 + Math.ceil(length / 4) * 4;
    }
    if (bytes.readUInt16BE(0) === DATA) {
      this.heard.push({ from: address(attributes.get(ATTR.peer)), text: attributes.get(ATTR.data).toString() });
      return;
    }
    const error = attributes.get(ATTR.error);
    const id = bytes.subarray(8, 20).toString("hex");
    this.waiting.get(id)?.({ code: error ? error[2] * 100 + error[3] : 200, attributes });
    this.waiting.delete(id);
  }
}

function message(type, id, attributes) {
  const parts = attributes.map(([kind, value]) => {
    const attribute = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
    attribute.writeUInt16BE(kind, 0);
    attribute.writeUInt16BE(value.length, 2);
    value.copy(attribute, 4);
    return attribute;
  });
  const body = Buffer.concat(parts);
  const header = Buffer.alloc(8);
  header.writeUInt16BE(type, 0);
  header.writeUInt16BE(body.length, 2);
  header.writeUInt32BE(COOKIE, 4);
  return Buffer.concat([header, id, body]);
}

/** XOR-PEER-ADDRESS and the like, of IPv4 (RFC 8489 section 14.2). */
function xored({ ip, port }) {
  const value = Buffer.from([0, 1, 0, 0, ...ip.split(".").map(Number)]);
  value.writeUInt16BE(port ^ (COOKIE >>> 16), 2);
  value.writeUInt32BE((value.readUInt32BE(4) ^ COOKIE) >>> 0, 4);
  return value;
}

function address(value) {
  const ip = Buffer.alloc(4);
  ip.writeUInt32BE((value.readUInt32BE(4) ^ COOKIE) >>> 0);
  return { ip: [...ip].join("."), port: value.readUInt16BE(2) ^ (COOKIE >>> 16) };
}
