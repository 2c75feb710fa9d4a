// The call events of the contract, spoken by npm's socket.io-client: several devices ring, one answers.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server, sleep, until } from "../support/server.mjs";
import { Device } from "./client.mjs";

const OFFER = { type: "offer", sdp: "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n" };
const ANSWER = { ...OFFER, type: "answer" };
const candidate = (n) => ({ candidate: `candidate:${n} 1 udp 1 192.0.2.${n} 5000 typ host`, sdpMid: "0", sdpMLineIndex: 0 });

let server, anna, boris, vera;
before(async () => {
  server = await Server.start({ "calls.ring_timeout": "3s", "calls.rejoin_timeout": "2s" });
  anna = await server.person("anna");
  boris = await server.person("boris");
  vera = await server.person("vera");
});
after(() => server?.stop());

test("two devices ring, a third that comes later too; one answers and the others stop", async (t) => {
  const [caller, phone, tablet] = await devices(t, anna, boris, boris);
  const call = await server.ok("POST", "/calls/initiate", { token: anna.token, body: { targetUserId: boris.id, type: "video" } });
  const callId = call.id;
  assert.equal((await caller.take("call_initiated")).callId, callId);
  caller.emit("sdp_offer", { callId, sdp: OFFER, receiverId: boris.id });
  for (const n of [1, 2, 3]) caller.emit("ice_candidate", { callId, candidate: candidate(n), targetId: boris.id });
  for (const device of [phone, tablet]) await rings(device, callId);

  const late = await Device.connect(server, boris, "/calls");
  t.after(() => late.close());
  await rings(late, callId);

  tablet.emit("accept_call", { callId, callerId: anna.id });
  assert.deepEqual(await caller.take("call_accepted"), { callId, receiverId: boris.id });
  for (const device of [phone, late]) assert.equal((await device.take("call_ended")).callId, callId);
  for (const device of [caller, tablet]) {
    const changed = await device.take("call_status_changed", ({ status }) => status === "answered");
    assert.equal(changed.callId, callId);
    assert.match(String(changed.timestamp), /^\d{4}-\d\d-\d\dT/);
  }

  phone.emit("sdp_answer", { callId, sdp: ANSWER, callerId: anna.id });
  assert.equal(typeof (await phone.take("error")), "string", "only the device that accepted may answer");
  tablet.emit("sdp_answer", { callId, sdp: ANSWER, callerId: anna.id });
  assert.deepEqual(await caller.take("sdp_answer"), { callId, sdp: ANSWER, from: boris.id });
  tablet.emit("ice_candidate", { callId, candidate: candidate(9), targetId: anna.id });
  assert.deepEqual(await caller.take("ice_candidate"), { callId, candidate: candidate(9), from: boris.id });
  caller.emit("ice_candidate", { callId, candidate: candidate(4), targetId: boris.id });
  assert.deepEqual(await tablet.take("ice_candidate"), { callId, candidate: candidate(4), from: anna.id });

  assert.equal((await row(callId)).status, "answered");
  await sleep(1100);
  tablet.emit("end_call", { callId, remoteUserId: anna.id });
  assert.equal((await caller.take("call_ended")).callId, callId);
  const ended = await until("the row says so", async () => { const r = await row(callId); return r.status === "ended" && r; });
  assert.ok(ended.duration >= 1 && ended.startedAt && ended.endedAt, JSON.stringify(ended));
});

test("descriptions and candidates of older clients pass as the strings they are", async (t) => {
  const [caller, callee] = await devices(t, anna, boris);
  const callId = await ringing(caller, callee);
  caller.emit("sdp_offer", { callId, sdp: OFFER.sdp, receiverId: boris.id });
  assert.deepEqual(await callee.take("sdp_offer"), { callId, sdp: OFFER.sdp, from: anna.id });
  caller.emit("ice_candidate", { callId, candidate: candidate(1).candidate, targetId: boris.id });
  assert.equal((await callee.take("ice_candidate")).candidate, candidate(1).candidate);
  callee.emit("reject_call", { callId, remoteUserId: anna.id });
  await caller.take("call_rejected");
});

test("a rejected call says so to the caller and in its row", async (t) => {
  const [caller, phone, tablet] = await devices(t, anna, boris, boris);
  const callId = await ringing(caller, phone);
  phone.emit("reject_call", { callId, remoteUserId: anna.id });
  assert.equal((await caller.take("call_rejected")).callId, callId);
  assert.equal((await tablet.take("call_ended")).callId, callId);
  await until("rejected", async () => (await row(callId)).status === "rejected");
});

test("a caller who thinks better of it leaves a missed call", async (t) => {
  const [caller, callee] = await devices(t, anna, boris);
  const callId = await ringing(caller, callee);
  caller.emit("end_call", { callId, remoteUserId: boris.id });
  assert.equal((await callee.take("call_ended")).callId, callId);
  await until("over", async () => ["missed", "ended"].includes((await row(callId)).status));
});

test("a call that nobody answers is missed", async (t) => {
  const [caller, callee] = await devices(t, anna, boris);
  const callId = await ringing(caller, callee);
  for (const device of [caller, callee]) assert.equal((await device.take("call_ended", undefined, 6000)).callId, callId);
  assert.equal((await row(callId)).status, "missed");
});

test("whoever is not in the call gets an error and reaches nobody", async (t) => {
  const [caller, callee, outsider] = await devices(t, anna, boris, vera);
  const callId = await ringing(caller, callee);
  const attempts = [
    ["accept_call", { callId, callerId: anna.id }],
    ["reject_call", { callId, remoteUserId: anna.id }],
    ["end_call", { callId, remoteUserId: anna.id }],
    ["sdp_offer", { callId, sdp: OFFER, receiverId: boris.id }],
    ["sdp_answer", { callId, sdp: ANSWER, callerId: anna.id }],
    ["ice_candidate", { callId, candidate: candidate(1), targetId: anna.id }],
    ["join_call_room", { callId }],
  ];
  for (const [event, payload] of attempts) {
    outsider.emit(event, payload);
    const message = await outsider.take("error").catch(() => assert.fail(`${event} was not refused`));
    assert.equal(typeof message, "string");
  }
  for (const [event, payload] of [["accept_call", null], ["sdp_offer", { callId: 5 }], ["end_call", "x"]]) {
    outsider.emit(event, payload);
    await outsider.take("error");
  }
  assert.equal((await server.request("GET", `/calls/${callId}`, { token: vera.token })).status, 403);
  const initiated = await server.request("POST", "/calls/respond", { token: vera.token, body: { callId, action: "accept" } });
  assert.equal(initiated.status, 403);
  assert.equal((await row(callId)).status, "ringing");
  for (const device of [caller, callee]) {
    for (const event of ["call_accepted", "call_rejected", "call_ended", "sdp_offer", "sdp_answer", "ice_candidate"]) {
      assert.deepEqual(device.left(event), [], event);
    }
  }
  caller.emit("end_call", { callId, remoteUserId: boris.id });
  await callee.take("call_ended");
});

test("a participant may join and leave the call's room", async (t) => {
  const [caller, callee] = await devices(t, anna, boris);
  const callId = await ringing(caller, callee);
  callee.emit("accept_call", { callId, callerId: anna.id });
  await caller.take("call_accepted");
  caller.emit("join_call_room", { callId });
  assert.equal((await caller.take("joined_call_room")).callId, callId);
  caller.emit("leave_call_room", { callId });
  assert.equal((await caller.take("left_call_room")).callId, callId);
  await server.ok("POST", `/calls/${callId}/end`, { token: boris.token });
  assert.equal((await caller.take("call_ended")).callId, callId);
});

test("REST answers and ends a call as the events do", async (t) => {
  const [caller, callee] = await devices(t, anna, boris);
  const callId = await ringing(caller, callee);
  const active = await server.ok("GET", "/calls/active", { token: boris.token });
  assert.deepEqual(active.map(({ id }) => id), [callId]);
  const answered = await server.ok("POST", "/calls/respond", { token: boris.token, body: { callId, action: "accept" } });
  assert.equal(answered.status, "answered");
  await caller.take("call_accepted");
  const again = await server.request("POST", "/calls/respond", { token: boris.token, body: { callId, action: "reject" } });
  assert.equal(again.status, 400);
  const ended = await server.ok("POST", `/calls/${callId}/end`, { token: anna.token });
  assert.equal(ended.status, "ended");
  assert.equal(typeof ended.duration, "number");
  await callee.take("call_ended");
  const [latest] = await server.ok("GET", "/calls/history?limit=1&offset=0", { token: anna.token });
  assert.equal(latest.id, callId);
  assert.deepEqual(latest.caller, { id: anna.id, username: "anna" });
  assert.deepEqual(latest.receiver, { id: boris.id, username: "boris" });
});

test("a call whose sides vanish without a word ends by itself", async (t) => {
  const [caller, callee] = await devices(t, anna, boris);
  const callId = await answered(caller, callee);
  for (const device of [caller, callee]) device.socket.io.engine.transport.ws._socket.destroy();
  assert.equal((await row(callId)).status, "answered");
  const ended = await until("the call is over", async () => { const r = await row(callId); return r.status === "ended" && r; });
  assert.ok(ended.endedAt && ended.duration !== null, JSON.stringify(ended));
});

test("a side that comes back in time goes on with the call", async (t) => {
  const [caller, callee] = await devices(t, anna, boris);
  const callId = await answered(caller, callee);
  caller.socket.io.engine.transport.ws._socket.destroy();
  const back = await Device.connect(server, anna, "/calls");
  t.after(() => back.close());
  back.emit("join_call_room", { callId });
  await back.take("joined_call_room");
  await sleep(3000);
  assert.equal((await row(callId)).status, "answered");
  callee.emit("ice_candidate", { callId, candidate: candidate(7), targetId: anna.id });
  assert.deepEqual(await back.take("ice_candidate"), { callId, candidate: candidate(7), from: boris.id });
  back.emit("end_call", { callId, remoteUserId: boris.id });
  await callee.take("call_ended");
});

test("a call that nobody rejoins after a restart ends with the time at which it was last alive", async (t) => {
  const [caller, callee] = await devices(t, anna, boris);
  const callId = await answered(caller, callee);
  await server.end("SIGKILL");
  const died = Date.now();
  await sleep(1500);
  await server.launch();
  assert.equal((await row(callId)).status, "answered", "there is still time to come back");
  const ended = await until("the call is over", async () => { const r = await row(callId); return r.status === "ended" && r; }, 40_000);
  assert.ok(Date.parse(ended.endedAt) <= died, `${ended.endedAt} is after the server died`);
  assert.ok(ended.duration >= 0, JSON.stringify(ended));
});

async function rings(device, callId) {
  const incoming = await device.take("incoming_call");
  assert.equal(incoming.callId, callId);
  assert.equal(incoming.remoteUserId, anna.id);
  assert.equal(incoming.callerName, "anna");
  assert.equal(incoming.callType, "video");
  assert.deepEqual(await device.take("sdp_offer"), { callId, sdp: OFFER, from: anna.id });
  for (const n of [1, 2, 3]) assert.deepEqual(await device.take("ice_candidate"), { callId, candidate: candidate(n), from: anna.id });
}

async function ringing(caller, callee) {
  const call = await server.ok("POST", "/calls/initiate", { token: anna.token, body: { targetUserId: boris.id, type: "voice" } });
  assert.equal((await callee.take("incoming_call")).callId, call.id);
  await caller.take("call_initiated");
  return call.id;
}

async function answered(caller, callee) {
  const callId = await ringing(caller, callee);
  callee.emit("accept_call", { callId, callerId: anna.id });
  await caller.take("call_accepted");
  return callId;
}

const row = (callId) => server.ok("GET", `/calls/${callId}`, { token: anna.token });

async function devices(t, ...people) {
  const opened = await Promise.all(people.map((person) => Device.connect(server, person, "/calls")));
  t.after(() => opened.forEach((device) => device.close()));
  // The namespace has no question without a call; presence shows that the sessions are listening.
  await sleep(100);
  return opened;
}
