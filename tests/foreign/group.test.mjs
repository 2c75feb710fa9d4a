// The signaling of group calls, as docs/protocol.md has it, spoken by npm's socket.io-client. Media is what tests/browser is for: the
// offer is one that a browser made once, and nothing is sent to where its answer points.
import assert from "node:assert/strict";
import fs from "node:fs/promises";
import { after, before, test } from "node:test";
import { Server, sleep } from "../support/server.mjs";
import { Device } from "./client.mjs";

const OFFER = await fs.readFile(new URL("offer.sdp", import.meta.url), "utf8");
const TRACKS = [{ mid: "0", source: "microphone" }, { mid: "1", source: "camera" }];

let server, anna, boris, vera, family;
before(async () => {
  server = await Server.start({ "calls.ring_timeout": "4s", "calls.rejoin_timeout": "4s", "calls.group_participants": 2 });
  anna = await server.person("anna");
  boris = await server.person("boris");
  vera = await server.person("vera");
  [family] = await server.ok("GET", "/chats", { token: anna.token });
});
after(() => server?.stop());

test("the whole chat rings but not who is busy; joining answers the call and leaving ends it", async (t) => {
  const [atAnna, atBoris, atVera] = await devices(t, anna, boris, vera);
  const { call, started } = await ok(atAnna, "group_start", { chatId: family.id, type: "video" });
  assert.ok(started);
  assert.deepEqual([call.chatId, call.type, call.startedBy, call.locked, call.participants], [family.id, "video", anna.id, false, []]);
  assert.deepEqual([...call.ringing].sort(), [boris.id, vera.id].sort());
  for (const device of [atBoris, atVera]) {
    const incoming = await device.take("group_incoming");
    assert.equal(incoming.call.id, call.id);
    assert.deepEqual(incoming.from, { id: anna.id, username: "anna" });
    assert.equal(incoming.chatName, family.name);
    assert.ok(incoming.expiresIn > 3000 && incoming.expiresIn <= 4000, String(incoming.expiresIn));
  }
  const again = await ok(atBoris, "group_start", { chatId: family.id, type: "voice" });
  assert.deepEqual([again.started, again.call.id, again.call.type], [false, call.id, "video"]);

  const joined = await join(atAnna, call.id);
  assert.equal(joined.sdp.type, "answer");
  assert.match(joined.sdp.sdp, /^v=0\r\n[^]*a=ice-lite/);
  assert.deepEqual(joined.publications.map(({ mid }) => mid).sort(), ["0", "1"]);
  assert.deepEqual(joined.call.participants.map(({ userId, state, muted, camera }) => ({ userId, state, muted, camera })),
    [{ userId: anna.id, state: "connecting", muted: false, camera: true }]);
  await ok(atVera, "group_decline", { callId: call.id });
  assert.deepEqual(await atVera.take("group_stop_ringing"), { callId: call.id, why: "declined" });

  await join(atBoris, call.id);
  assert.deepEqual(await refused(atVera, "group_join", entry(call.id)), "call.full");
  const shown = await atVera.take("group_call", (payload) => payload.call.participants.length === 2);
  assert.deepEqual(shown.call.ringing, []);
  const presence = await server.ok("GET", "/users/presence", { token: vera.token });
  assert.deepEqual(presence.filter(({ inCall }) => inCall).map(({ userId }) => userId).sort(), [anna.id, boris.id].sort());
  const busy = await server.request("POST", "/calls/initiate", { token: vera.token, body: { targetUserId: anna.id, type: "voice" } });
  assert.deepEqual([busy.status, busy.body.code], [409, "call.busy"]);

  for (const device of [atAnna, atBoris]) await ok(device, "group_leave", { callId: call.id, participantId: device.participant });
  const ended = await atVera.take("group_ended", undefined, 15_000);
  assert.deepEqual([ended.callId, ended.chatId, ended.reason], [call.id, family.id, "empty"]);
  assert.equal(await refused(atVera, "group_join", entry(call.id)), "call.ended");

  const log = await server.ok("GET", "/calls/log?limit=1", { token: vera.token });
  const [logged] = log.calls;
  assert.deepEqual([logged.id, logged.form, logged.status, logged.reason, logged.type], [call.id, "group", "ended", "empty", "video"]);
  assert.deepEqual(logged.startedBy, { id: anna.id, username: "anna" });
  const outcomes = Object.fromEntries(logged.participants.map(({ user, outcome }) => [user.username, outcome]));
  assert.deepEqual(outcomes, { anna: "joined", boris: "joined", vera: "declined" });
  assert.deepEqual(await server.ok("GET", `/calls/log/${call.id}`, { token: boris.token }), logged);
  assert.equal((await server.request("GET", `/calls/${call.id}`, { token: boris.token })).status, 404, "the old contract knows calls between two");
  assert.deepEqual(await server.ok("GET", "/calls/active", { token: anna.token }), []);
});

test("who is in another call gets a notice, and a call that nobody joins is missed once", async (t) => {
  const [atAnna, atBoris, atVera] = await devices(t, anna, boris, vera);
  const between = await server.ok("POST", "/calls/initiate", { token: boris.token, body: { targetUserId: vera.id, type: "voice" } });
  const { call } = await ok(atAnna, "group_start", { chatId: family.id, type: "voice" });
  for (const device of [atBoris, atVera]) {
    assert.equal((await device.take("group_notice")).call.id, call.id);
    assert.deepEqual(device.left("group_incoming"), []);
  }
  await server.ok("POST", `/calls/${between.id}/end`, { token: boris.token });
  const { call: invited } = await ok(atAnna, "group_invite", { callId: call.id, userId: boris.id });
  assert.deepEqual(invited.ringing, [boris.id]);
  await join(atAnna, call.id);
  assert.deepEqual(await atBoris.take("group_stop_ringing", undefined, 8000), { callId: call.id, why: "missed" });
  await ok(atAnna, "group_leave", { callId: call.id, participantId: atAnna.participant });
  assert.equal((await atBoris.take("group_ended")).reason, "missed");
  const logged = await server.ok("GET", `/calls/log/${call.id}`, { token: boris.token });
  assert.equal(logged.status, "missed");
  const outcomes = Object.fromEntries(logged.participants.map(({ user, outcome }) => [user.username, outcome]));
  assert.deepEqual(outcomes, { anna: "joined", boris: "missed", vera: "busy" });
});

test("deployed clients hear nothing of group calls and are called as before", async (t) => {
  const old = await Device.connect(server, boris, "/calls");
  t.after(() => old.close());
  const [atAnna] = await devices(t, anna);
  const { call } = await ok(atAnna, "group_start", { chatId: family.id, type: "voice" });
  assert.equal(await old.ask("group_join", entry(call.id), 300), undefined, "an event that it does not know is not answered");
  const between = await server.ok("POST", "/calls/initiate", { token: vera.token, body: { targetUserId: boris.id, type: "voice" } });
  assert.equal((await old.take("incoming_call")).callId, between.id);
  await server.ok("POST", `/calls/${between.id}/end`, { token: vera.token });
  assert.deepEqual(old.received.filter(({ event }) => event.startsWith("group_")), []);
  await ok(atAnna, "group_decline", { callId: call.id });
  assert.equal((await atAnna.take("group_ended")).reason, "cancelled");
});

test("a second device takes the call over; another sign-in cannot be in two calls", async (t) => {
  const [atAnna] = await devices(t, anna);
  const elsewhere = await server.signIn("anna");
  const [laptop] = await devices(t, elsewhere);
  const { call } = await ok(atAnna, "group_start", { chatId: family.id, type: "voice" });
  await join(atAnna, call.id);
  const already = await server.request("POST", "/calls/initiate", { token: elsewhere.token, body: { targetUserId: boris.id, type: "voice" } });
  assert.deepEqual([already.status, already.body.code], [409, "call.already"]);
  await join(laptop, call.id);
  assert.deepEqual(await atAnna.take("group_moved"), { callId: call.id });
  const stale = { callId: call.id, participantId: atAnna.participant, muted: true, camera: false, screen: false };
  assert.equal(await refused(atAnna, "group_state", stale), "call.unknown_participant");
  await ok(laptop, "group_leave", { callId: call.id, participantId: laptop.participant });
  await atAnna.take("group_ended");
});

test("who started it moderates: mute, lock, remove", async (t) => {
  const [atAnna, atBoris, atVera] = await devices(t, boris, vera, anna).then(([b, v, a]) => [b, v, a]);
  // Boris starts; Vera joins; Anna, the first to register, is an administrator.
  const { call } = await ok(atAnna, "group_start", { chatId: family.id, type: "voice" });
  const callId = call.id;
  await join(atAnna, callId);
  await join(atBoris, callId);
  assert.equal(await refused(atBoris, "group_moderate", { callId, action: "lock" }), "call.not_moderator");
  const { call: muted } = await ok(atAnna, "group_moderate", { callId, action: "mute", userId: vera.id });
  assert.deepEqual(muted.participants[1].mutedBy, boris.id);
  await ok(atBoris, "group_state", { callId, participantId: atBoris.participant, muted: false, camera: true, screen: false });
  const { call: locked } = await ok(atVera, "group_moderate", { callId, action: "lock" });
  assert.deepEqual([locked.locked, locked.participants[1].muted, locked.participants[1].mutedBy], [true, false, null]);
  // For whom it rings may still come in.
  await ok(atVera, "group_decline", { callId });
  assert.equal(await refused(atVera, "group_join", entry(callId)), "call.locked");
  await ok(atAnna, "group_moderate", { callId, action: "remove", userId: vera.id });
  assert.deepEqual(await atBoris.take("group_removed"), { callId });
  assert.equal(await refused(atBoris, "group_join", entry(callId)), "call.removed");
  await ok(atAnna, "group_invite", { callId, userId: vera.id });
  await join(atBoris, callId);
  for (const device of [atAnna, atBoris]) await ok(device, "group_leave", { callId, participantId: device.participant });
  await atVera.take("group_ended", undefined, 15_000);
});

test("a call between two grows when a third is invited", async (t) => {
  const [atAnna, atBoris, atVera] = await devices(t, anna, boris, vera);
  const { id: callId } = await server.ok("POST", "/calls/initiate", { token: anna.token, body: { targetUserId: boris.id, type: "video" } });
  await ok(atBoris, "accept_call", { callId, callerId: anna.id });
  const { call } = await ok(atAnna, "group_invite", { callId, userId: vera.id });
  assert.deepEqual([call.id, call.ringing], [callId, [vera.id]]);
  for (const device of [atAnna, atBoris]) {
    assert.equal((await device.take("group_grown")).call.id, callId);
    assert.deepEqual(device.left("call_ended"), []);
    await join(device, callId);
  }
  assert.equal((await atVera.take("group_incoming")).chatName, "anna & boris");
  const [logged] = (await server.ok("GET", "/calls/log?limit=1", { token: vera.token })).calls;
  assert.deepEqual([logged.id, logged.form, logged.status], [callId, "group", "answered"]);
  for (const device of [atAnna, atBoris]) await ok(device, "group_leave", { callId, participantId: device.participant });
  await atVera.take("group_ended", undefined, 15_000);

  const old = await Device.connect(server, boris, "/calls");
  t.after(() => old.close());
  atBoris.close();
  const next = await server.ok("POST", "/calls/initiate", { token: anna.token, body: { targetUserId: boris.id, type: "voice" } });
  old.emit("accept_call", { callId: next.id, callerId: anna.id });
  await atAnna.take("call_accepted");
  assert.equal(await refused(atAnna, "group_invite", { callId: next.id, userId: vera.id }), "call.peer_too_old");
  await server.ok("POST", `/calls/${next.id}/end`, { token: anna.token });
});

test("a socket that is lost and back speaks on; after kill -9 everybody joins anew, in the same call", async (t) => {
  const [atAnna] = await devices(t, anna);
  const { call } = await ok(atAnna, "group_start", { chatId: family.id, type: "voice" });
  await join(atAnna, call.id);
  atAnna.close();
  const [back] = await devices(t, anna);
  const known = await back.take("group_call", (payload) => payload.call.id === call.id);
  assert.equal(known.call.participants[0].participantId, atAnna.participant);
  const resumed = await ok(back, "group_resume", { callId: call.id, participantId: atAnna.participant });
  assert.equal(resumed.resumed, true);

  await server.end("SIGKILL");
  const died = performance.now();
  await server.launch();
  const [restored] = await devices(t, anna);
  const living = await restored.take("group_call", (payload) => payload.call.id === call.id);
  assert.ok(living.call.version > known.call.version);
  assert.deepEqual(living.call.participants, []);
  const lost = await ok(restored, "group_resume", { callId: call.id, participantId: atAnna.participant });
  assert.equal(lost.resumed, false);
  await join(restored, call.id);
  console.log(JSON.stringify({ measured: "kill -9 to joined again, signaling alone", ms: Math.round(performance.now() - died) }));
  await ok(restored, "group_leave", { callId: call.id, participantId: restored.participant });
  await restored.take("group_ended");
});

test("bad input is refused with a code, and nothing of it is an error of the server", async (t) => {
  const [atAnna, atBoris] = await devices(t, anna, boris);
  const { call } = await ok(atAnna, "group_start", { chatId: family.id, type: "voice" });
  const callId = call.id;
  const offers = [
    "x".repeat(1_000_000), `${OFFER}${"a=x:1\r\n".repeat(10_000)}`, "", "v=0", "\u0000", OFFER.slice(0, 700), OFFER.replaceAll("opus", "o".repeat(5000)),
  ];
  for (const sdp of offers) {
    const code = await refused(atAnna, "group_join", { ...entry(callId), sdp: { type: "offer", sdp } }, 3000);
    assert.equal(code, "call.bad_sdp", sdp.slice(0, 40));
  }
  for (const payload of [null, 5, [], {}, { callId }, { callId: "x" }, { ...entry(callId), sdp: OFFER }, { ...entry(callId), tracks: [{ mid: 5 }] },
    { ...entry(callId), tracks: [{ mid: "0", source: "tape" }] }, { ...entry(callId), muted: "no" }]) {
    assert.equal(await refused(atAnna, "group_join", payload), "invalid", JSON.stringify(payload)?.slice(0, 60));
  }
  const many = Array.from({ length: 33 }, (_, n) => ({ mid: String(n), source: "camera" }));
  assert.equal(await refused(atAnna, "group_join", { ...entry(callId), tracks: many }), "call.too_much");
  await join(atAnna, callId);
  const mine = { callId, participantId: atAnna.participant };
  const candidate = { candidate: "candidate:1 1 udp 1 10.0.0.1 5000 typ host", sdpMid: "0", sdpMLineIndex: 0 };
  const candidates = await Promise.all(Array.from({ length: 500 }, () => atAnna.ask("group_candidate", { ...mine, candidate }, 10_000)));
  const taken = candidates.filter((answer) => answer.ok).length;
  assert.ok(taken >= 20 && taken <= 64, `${taken} candidates were taken`);
  assert.ok(candidates.every((answer) => answer.ok || answer.error.code === "call.too_much"));
  const states = await Promise.all(Array.from({ length: 200 }, (_, n) =>
    atAnna.ask("group_state", { ...mine, muted: n % 2 === 0, camera: true, screen: false }, 10_000)));
  assert.ok(states.some((answer) => answer.error?.code === "call.too_much"));
  await sleep(1000);
  assert.equal(await refused(atAnna, "group_answer", { ...mine, number: 99, sdp: { type: "answer", sdp: "v=0" } }).then((code) =>
    ["call.stale_answer", "call.bad_sdp"].includes(code)), true);
  assert.equal(await refused(atAnna, "group_view", { ...mine, tiles: [{ publication: -1, width: 1, height: 1 }] }), "invalid");
  await ok(atAnna, "group_view", { ...mine, tiles: [{ publication: 4_000_000, width: 1e9, height: 0.5 }] });
  assert.equal(await refused(atBoris, "group_view", { ...mine, tiles: [] }), "call.unknown_participant", "nobody speaks for another");
  const unknown = { ...mine, callId: family.id };
  assert.equal(await refused(atAnna, "group_leave", unknown), "call.unknown");
  assert.equal(await refused(atAnna, "group_start", { chatId: callId, type: "voice" }), "chat.unknown");
  assert.equal(await refused(atAnna, "group_invite", { callId, userId: family.id }), "user.unknown");
  const before = await server.request("GET", "/calls/log?before=yesterday", { token: anna.token });
  assert.equal(before.status, 400);
  await ok(atAnna, "group_leave", mine);
  await atAnna.take("group_ended");
  assert.deepEqual(server.log.filter((line) => /\b(ERROR|panicked)\b/.test(line)), []);
});

const entry = (callId) => ({ callId, sdp: { type: "offer", sdp: OFFER }, tracks: TRACKS, muted: false, camera: true });

async function join(device, callId) {
  const joined = await ok(device, "group_join", entry(callId));
  device.participant = joined.participantId;
  return joined;
}

async function ok(device, event, payload) {
  const answer = await device.ask(event, payload, 5000);
  assert.ok(answer?.ok, `${event}: ${JSON.stringify(answer)}`);
  return answer.ok;
}

async function refused(device, event, payload, ms = 5000) {
  const answer = await device.ask(event, payload, ms);
  assert.ok(answer?.error, `${event}: ${JSON.stringify(answer)?.slice(0, 300)}`);
  assert.equal(typeof answer.error.message, "string");
  return answer.error.code;
}

async function devices(t, ...people) {
  const opened = await Promise.all(people.map((person) => Device.connect(server, person, "/calls", { protocol: 1 })));
  t.after(() => opened.forEach((device) => device.close()));
  // A socket is answered only once it hears what it is told.
  for (const device of opened) assert.equal(await refused(device, "group_leave", {}), "invalid");
  return opened;
}
