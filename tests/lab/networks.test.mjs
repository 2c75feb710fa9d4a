// Networks that let little out: chat, a call of two and a group call through each of them, to a server on its one port 443 and what is open
// beside it. Proof is what is heard: each side has a tone of its own.
import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { openBrowser } from "../browser/browser.mjs";
import { openFirefox } from "../browser/firefox.mjs";
import { Chromium, Firefox } from "../browser/group-people.mjs";
import { certificates, trust, trustAtHome } from "../support/authority.mjs";
import { INVITE, Server, freePort, until } from "../support/server.mjs";
import { ADDRESS, bridge, lab, within } from "./lab.mjs";

const SITE = { url: "https://zv.test" };
/** Of the TURN URLs that clients are given. */
const RELAY_PORTS = { udp: 3478, tcp: 3478, tls: 443 };
const TONES = { Анна: 440, Борис: 1000, Вера: 660 };

let dir, server, authority;
const browsers = {};
const doors = [];
before(async () => {
  dir = await fs.mkdtemp(path.join(os.tmpdir(), "zvonilka-lab-"));
  const files = await certificates(dir, "zv.test");
  authority = files.authority;
  server = await Server.start({
    domain: "zv.test", "https.listen": `${ADDRESS}:443`, "https.redirect_listen": `${ADDRESS}:80`, "turn.listen": `${ADDRESS}:3478`,
    "turn.tls_listen": `${ADDRESS}:5349`, "turn.external_address": ADDRESS, "turn.relay_ports": "49152-65535",
    "tls.certificate_file": files.certificate, "tls.key_file": files.key, "auth.first_invite": INVITE,
  });
  for (const username of ["Анна", "Борис"]) await server.person(username);
  const home = path.join(dir, "home");
  await trustAtHome(home, authority);
  for (const side of ["a", "b"]) {
    browsers[side] = await openBrowser({ executablePath: (own) => within(`zv-${side}`, own, dir), home: await copyOf(home, side), loopback: false });
  }
});
after(async () => {
  await Promise.allSettled(Object.values(browsers).map((browser) => browser.close()));
  for (const door of doors) door.close();
  await server?.stop();
  await fs.rm(dir, { recursive: true, force: true, maxRetries: 5 });
});

test("both sides behind symmetric NAT", () => throughNetwork("symmetric", ({ transport }) => transport === "udp"));

test("UDP blocked on both sides", () => throughNetwork("none-udp", ({ transport }) => transport !== "udp"));

test("nothing but TCP 443 open on both sides", () => throughNetwork("only443", overPort443));

test("nothing but TCP 443 open, and one of them at Firefox", async () => {
  const profile = path.join(dir, "firefox");
  await trust(profile, authority);
  const port = await freePort("tcp");
  doors.push(await bridge("zv-r", port));
  browsers.fox = await openFirefox(profile, { executablePath: (own) => within("zv-r", own, dir), port });
  await lab("nat", "a", "only443");
  const anna = await Chromium.signIn(browsers.a, SITE, "Анна", { hz: TONES["Анна"], colour: [200, 30, 30] });
  const vera = await Firefox.register(browsers.fox, SITE, "Вера", { hz: TONES["Вера"], colour: [30, 160, 30] });
  await useNetwork(anna, vera, "only443, Firefox", overPort443);
});

/** Two people, each behind such a network and at a page that has just been loaded: chat, a call of two, a group call. */
async function throughNetwork(kind, isAllowed) {
  for (const side of ["a", "b"]) await lab("nat", side, kind);
  const anna = await Chromium.signIn(browsers.a, SITE, "Анна", { hz: TONES["Анна"], colour: [200, 30, 30] });
  const boris = await Chromium.signIn(browsers.b, SITE, "Борис", { hz: TONES["Борис"], colour: [30, 30, 200] });
  await useNetwork(anna, boris, kind, isAllowed);
}

async function useNetwork(caller, callee, kind, isAllowed) {
  try {
    await chat(caller, callee, kind);
    await callOfTwo(caller, callee, kind, isAllowed);
    await groupCall(caller, callee, kind, isAllowed);
    for (const member of [caller, callee]) assert.deepEqual([...member.errors, ...member.foreign], []);
  } finally {
    for (const member of [caller, callee]) await member.close();
  }
}

const overPort443 = ({ port }) => port === 443;

async function chat(one, other, kind) {
  await one.write(`Из сети ${kind}`);
  await until("the message is there", async () => (await other.texts()).some((text) => text.includes(`Из сети ${kind}`)));
  await other.write(`Слышу из ${kind}`);
  await until("the answer is there", async () => (await one.texts()).some((text) => text.includes(`Слышу из ${kind}`)));
}

async function callOfTwo(caller, callee, kind, isAllowed) {
  const { token } = await server.signIn(caller.username);
  const { id: targetUserId } = (await server.ok("GET", "/users", { token })).find(({ username }) => username === callee.username);
  const { id } = await server.ok("POST", "/chats/private", { token, body: { targetUserId } });
  await caller.click(`chat-row-${id}`);
  await caller.click("call-voice");
  await callee.wait("call-accept");
  const clicked = callee.measure("clickedAt", "call-accept");
  const heard = Promise.all([callee, caller].map((member) => member.measure("heardAt")));
  await callee.click("call-accept");
  const from = await clicked;
  const times = (await heard).map((at) => at - from);
  const paths = [];
  for (const [listener, speaker] of [[callee, caller], [caller, callee]]) {
    const { hz } = await listener.measure("hear");
    assert.ok(Math.abs(hz - TONES[speaker.username]) < 15, `${listener.username} hears ${hz} Hz`);
    paths.push(await pathOf(listener, "stats", isAllowed));
  }
  report("a call of two", kind, times, paths);
  await caller.click("call-hangup");
  for (const member of [caller, callee]) await member.gone("call-hangup");
}

async function groupCall(caller, other, kind, isAllowed) {
  await caller.openChat("Семейный");
  await caller.call("voice");
  await other.wait("group-answer");
  const clicked = other.measure("clickedAt", "group-answer");
  const heard = Promise.all([other.measure("heardAt", caller.username), caller.measure("heardAt", other.username)]);
  await other.answer();
  const from = await clicked;
  const times = (await heard).map((at) => at - from);
  await caller.hears(other);
  await other.hears(caller);
  report("a group call", kind, times, [await pathOf(other, "groupPath", isAllowed), await pathOf(caller, "groupPath", isAllowed)]);
  for (const member of [caller, other]) await member.leave();
}

/** Of both sides, first that of who accepted. */
function report(what, kind, times, paths) {
  const ways = paths.map(({ transport, port }) => `${transport} ${port}`);
  console.log(JSON.stringify({ measured: `accept to first sound, ms: ${what}, ${kind}`, times, ways }));
}

/** What carries the packets on this side, and to which port of the server, once it is what such a network is to allow. */
async function pathOf(member, what, isAllowed) {
  let seen;
  const settled = async () => {
    const { local, remote } = await member.measure(what);
    const relayed = local.candidateType === "relay";
    const transport = relayed ? local.relayProtocol : local.protocol;
    const port = relayed ? RELAY_PORTS[transport] : remote.port;
    seen = JSON.stringify({ local, remote });
    return isAllowed({ transport, port }) && { transport, port };
  };
  return until("a path that was expected", settled).catch((error) => {
    throw new Error(`${error.message}: ${member.username} has ${seen}`);
  });
}

async function copyOf(home, name) {
  const copy = path.join(dir, name);
  await fs.cp(home, copy, { recursive: true });
  return copy;
}
