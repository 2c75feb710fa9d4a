// aiortc, which shares no code with ours nor with a browser, takes part in a group call by what docs/protocol.md says.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import path from "node:path";
import readline from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Server, until } from "../support/server.mjs";
import { Device } from "./client.mjs";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const TONES = { anna: 440, boris: 1000, vera: 660 };
const COLOURS = { anna: [200, 30, 30], boris: [30, 30, 200], vera: [30, 160, 30] };

let server, chat;
const members = new Map();
before(async () => {
  server = await Server.start();
  const python = execFileSync(path.join(HERE, "../../scripts/aiortc.sh"), { encoding: "utf8" }).trim();
  for (const name of Object.keys(TONES)) {
    members.set(name, await Member.at(python, name));
    chat ??= (await server.ok("GET", "/chats", { token: members.get(name).person.token })).find(({ isPrivate }) => !isPrivate);
  }
});
after(async () => {
  for (const member of members.values()) member.close();
  await server?.stop();
});

test("two of them hear and see each other", async () => {
  const [anna, boris] = [members.get("anna"), members.get("boris")];
  const { call } = await anna.ask("group_start", { chatId: chat.id, type: "video" });
  const rung = await boris.socket.take("group_incoming");
  assert.equal(rung.call.id, call.id);
  await anna.join(call.id);
  await boris.join(call.id);
  await anna.perceives("boris");
  await boris.perceives("anna");
});

test("a third joins, and all hear and see the two others", async () => {
  const [{ callId }, vera] = [members.get("anna"), members.get("vera")];
  await vera.join(callId);
  for (const name of members.keys()) {
    await members.get(name).perceives(...[...members.keys()].filter((other) => other !== name));
  }
});

test("who leaves is heard no longer, and the others still are", async () => {
  await members.get("boris").ask("group_leave", members.get("boris").place());
  const anna = members.get("anna");
  await until("boris is silent", async () => !(await anna.perceived()).heard.includes("boris"), 10_000);
  await anna.perceives("vera");
});

/** One person: a socket of our protocol, and aiortc in a process of its own. */
class Member {
  static async at(python, name) {
    const member = new Member();
    const person = await server.person(name);
    const socket = new Device(server, person.token, "/calls", { protocol: 1 });
    await socket.connected;
    Object.assign(member, { name, person, socket, asked: new Map(), count: 0, answered: Promise.resolve() });
    // One after the other, and after the answer to the joining.
    socket.socket.on("group_server_offer", (offer) => {
      member.answered = member.answered.then(() => member.answer(offer));
    });
    member.process = spawn(python, [path.join(HERE, "aiortc-peer.py")], { stdio: ["pipe", "pipe", "inherit"] });
    readline.createInterface({ input: member.process.stdout }).on("line", (line) => {
      const { id, value, error } = JSON.parse(line);
      const [done, fail] = member.asked.get(id);
      if (error) fail(new Error(`${name}: ${error}`));
      else done(value);
    });
    return member;
  }

  peer(cmd, argument = {}) {
    const id = ++this.count;
    return new Promise((done, fail) => {
      this.asked.set(id, [done, fail]);
      this.process.stdin.write(`${JSON.stringify({ id, cmd, ...argument })}\n`);
    });
  }

  async ask(event, payload) {
    const answer = await this.socket.ask(event, payload, 8_000);
    assert.ok(answer?.ok, `${event}: ${JSON.stringify(answer)}`);
    return answer.ok;
  }

  place() {
    return { callId: this.callId, participantId: this.participantId };
  }

  join(callId) {
    const joined = this.joinAlone(callId);
    this.answered = joined;
    return joined;
  }

  async joinAlone(callId) {
    const { sdp, mids } = await this.peer("offer", { hz: TONES[this.name], colour: COLOURS[this.name] });
    const joined = await this.ask("group_join", {
      callId, sdp: { type: "offer", sdp }, muted: false, camera: true,
      tracks: [{ mid: mids.audio, source: "microphone" }, { mid: mids.video, source: "camera" }],
    });
    Object.assign(this, { callId, participantId: joined.participantId });
    await this.peer("take_answer", { sdp: joined.sdp.sdp });
  }

  async answer({ number, sdp }) {
    const answer = await this.peer("answer", { sdp: sdp.sdp });
    // A newer offer may be on its way: then this answer is no use, and that is no fault.
    await this.socket.ask("group_answer", { ...this.place(), number, sdp: { type: "answer", sdp: answer.sdp } }, 8_000);
  }

  async perceived() {
    const { tones, colours } = await this.peer("perceive", { among: Object.values(TONES) });
    const names = Object.keys(TONES);
    return {
      heard: names.filter((name) => tones.some((found) => found[TONES[name]] > 1_000)),
      seen: names.filter((name) => colours.some((colour) => colour.every((channel, at) => Math.abs(channel - COLOURS[name][at]) < 50))),
    };
  }

  async perceives(...names) {
    let last;
    await until(`${this.name} hears and sees ${names}`, async () => {
      last = await this.perceived();
      return names.every((name) => last.heard.includes(name) && last.seen.includes(name));
    }, 20_000).catch((error) => { throw new Error(`${error.message}: ${JSON.stringify(last)}`); });
  }

  close() {
    this.socket.close();
    this.process.kill();
  }
}
