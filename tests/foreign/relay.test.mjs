// The closed relay: who may reach whom through it follows from who is in a call, and who is signed in.
import assert from "node:assert/strict";
import dgram from "node:dgram";
import { once } from "node:events";
import fs from "node:fs/promises";
import { after, before, test } from "node:test";
import { Server, until } from "../support/server.mjs";
import { Device } from "./client.mjs";
import { TurnClient } from "./turn-client.mjs";

/** Addresses of the internet that nothing is sent to: a permission is all that is asked for. */
const ANNAS = "1.1.1.1", BORISES = "8.8.8.8", NOBODYS = "9.9.9.9";
const OFFER = await fs.readFile(new URL("offer.sdp", import.meta.url), "utf8");
/** What "gone at once" may take. */
const AT_ONCE = 1000;

let server, anna, boris;
before(async () => {
  server = await Server.start({ "turn.peers": "calls" });
  anna = await server.person("anna");
  boris = await server.person("boris");
});
after(() => server?.stop());

test("before a call one may allocate, but reach nobody; in a call the other's candidates, as soon as one hears of them", async (t) => {
  const [atAnna, atBoris] = [await turn(t, anna), await turn(t, boris)];
  for (const client of [atAnna, atBoris]) {
    assert.equal(await client.allocate(), 200);
    assert.equal(await client.permit(NOBODYS), 403);
  }
  const call = await answered(t);
  // In the answer as an old client writes it, and by trickle.
  const sdp = `v=0\r\na=${line(BORISES)}\r\na=${line("some-name.local")}\r\n`;
  call.callee.emit("sdp_answer", { callId: call.id, sdp, callerId: anna.id });
  await call.caller.take("sdp_answer");
  assert.equal(await atAnna.permit(BORISES), 200);
  call.caller.emit("ice_candidate", { callId: call.id, candidate: { candidate: line(ANNAS), sdpMid: "0", sdpMLineIndex: 0 }, targetId: boris.id });
  await call.callee.take("ice_candidate");
  assert.equal(await atBoris.permit(ANNAS), 200);
  assert.equal(await atAnna.permit(ANNAS), 403, "nobody opens a way for themselves");
  assert.equal(await atAnna.permit(NOBODYS), 403);
  await call.end();
});

test("what both relay reaches the other in their call, and nobody outside of it", async (t) => {
  const [atAnna, atBoris] = [await turn(t, anna), await turn(t, boris)];
  for (const client of [atAnna, atBoris]) {
    assert.equal(await client.allocate(), 200);
    assert.equal(await client.permit("127.0.0.1"), 200, "the server's own address");
  }
  const passes = async (text) => {
    atAnna.send(atBoris.relayed, text);
    atAnna.send(atAnna.relayed, text);
    // What one sends to oneself comes last: then the other has had its time.
    await until("one hears oneself", () => atAnna.heard.some((heard) => heard.text === text));
    return atBoris.heard.some((heard) => heard.text === text);
  };
  assert.equal(await passes("before"), false);
  const call = await answered(t);
  assert.equal(await passes("in the call"), true);
  await call.end();
});

test("a socket of this machine that was announced is reached, until the call is over", async (t) => {
  const peer = dgram.createSocket("udp4");
  t.after(() => peer.close());
  peer.on("message", (message, from) => peer.send(`heard ${message}`, from.port, from.address));
  peer.bind(0, "127.0.0.2");
  await once(peer, "listening");
  const client = await turn(t, anna);
  assert.equal(await client.allocate(), 200);
  assert.equal(await client.permit("127.0.0.2"), 403);
  const call = await answered(t);
  call.callee.emit("ice_candidate", { callId: call.id, candidate: line("127.0.0.2"), targetId: anna.id });
  await call.caller.take("ice_candidate");
  assert.equal(await client.permit("127.0.0.2"), 200);
  client.send({ ip: "127.0.0.2", port: peer.address().port }, "you");
  await until("the answer comes back", () => client.heard.some(({ text }) => text === "heard you"));
  await call.end();
  await until("the allocation is gone", async () => (await client.refresh()) === 437, AT_ONCE);
  assert.equal(await client.allocate(), 200, "its credential is good for the next call");
  assert.equal(await client.permit("127.0.0.2"), 403);
});

test("what one holds on the relay ends when one leaves a group call, or another device takes it over, and not before", async (t) => {
  const device = async (person) => {
    const opened = await Device.connect(server, person, "/calls", { protocol: 1 });
    t.after(() => opened.close());
    return opened;
  };
  const ok = async (at, event, payload) => {
    const answer = await at.ask(event, payload, 5000);
    assert.ok(answer?.ok, `${event}: ${JSON.stringify(answer)}`);
    return answer.ok;
  };
  const tracks = [{ mid: "0", source: "microphone" }, { mid: "1", source: "camera" }];
  const join = (at, callId) => ok(at, "group_join", { callId, sdp: { type: "offer", sdp: OFFER }, tracks, muted: false, camera: true });
  const [atAnna, atBoris] = [await device(anna), await device(boris)];
  const [hers, his] = [await turn(t, anna), await turn(t, boris)];
  for (const client of [hers, his]) assert.equal(await client.allocate(), 200);
  const [family] = await server.ok("GET", "/chats", { token: anna.token });
  const { call } = await ok(atAnna, "group_start", { chatId: family.id, type: "voice" });
  const { participantId } = await join(atAnna, call.id);
  await join(atBoris, call.id);
  await join(atBoris, call.id);
  for (const client of [hers, his]) assert.equal(await client.refresh(), 200, "they are in the call");
  await ok(atAnna, "group_leave", { callId: call.id, participantId });
  await until("the allocation of who left is gone", async () => (await hers.refresh()) === 437, AT_ONCE);
  assert.equal(await his.refresh(), 200, "that of who stays is not");

  const elsewhere = await server.signIn("boris");
  const tablet = await device(elsewhere);
  const moved = await join(tablet, call.id);
  await until("the allocation of the device before is gone", async () => (await his.refresh()) === 437, AT_ONCE);
  await ok(tablet, "group_leave", { callId: call.id, participantId: moved.participantId });
});

test("two who announce a forbidden address reach nothing by it", async (t) => {
  const [atAnna, atBoris] = [await turn(t, anna), await turn(t, boris)];
  const call = await answered(t);
  for (const client of [atAnna, atBoris]) assert.equal(await client.allocate(), 200);
  for (const forbidden of ["169.254.169.254", "10.0.0.1", "192.168.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1"]) {
    for (const spelling of [forbidden, `::ffff:${forbidden}`]) {
      call.caller.emit("ice_candidate", { callId: call.id, candidate: line(spelling), targetId: boris.id });
      await call.callee.take("ice_candidate");
      call.callee.emit("ice_candidate", { callId: call.id, candidate: line(spelling), targetId: anna.id });
      await call.caller.take("ice_candidate");
    }
    for (const client of [atAnna, atBoris]) assert.equal(await client.permit(forbidden), 403, forbidden);
  }
  await call.end();
});

test("who signs out, is removed or whose password changes loses what they hold at once and can make nothing new", async (t) => {
  const ways = [
    ["signed out", (person) => server.ok("POST", "/auth/logout", { token: person.token })],
    ["a new password", (person) => server.ok("PUT", `/users/${person.id}`, { token: anna.token, body: { password: "another horse" } })],
    ["removed", (person) => server.ok("DELETE", `/users/${person.id}`, { token: anna.token })],
  ];
  for (const [at, [way, end]] of ways.entries()) {
    const person = await server.person(`guest${at}`);
    const client = await turn(t, person);
    assert.equal(await client.allocate(), 200);
    await end(person);
    await until(`the allocation is gone: ${way}`, async () => (await client.refresh()) !== 200, AT_ONCE);
    const again = await TurnClient.open(server.turnPort, client.kept);
    t.after(() => again.close());
    assert.equal(await again.allocate(), 401, way);
  }
});

test("a credential of a sign-in that is over is no good after a restart either", async (t) => {
  const person = await server.person("vera");
  const { kept } = await turn(t, person);
  await server.ok("POST", "/auth/logout", { token: person.token });
  await server.end();
  await server.launch();
  const client = await TurnClient.open(server.turnPort, kept);
  t.after(() => client.close());
  assert.equal(await client.allocate(), 401);
  const living = await turn(t, anna);
  assert.equal(await living.allocate(), 200);
});

test("an administrator sees whose each allocation is, and ends one; nobody else may", async (t) => {
  const client = await turn(t, boris);
  assert.equal(await client.allocate(), 200);
  const list = () => server.ok("GET", "/admin/relay/allocations", { token: anna.token });
  const mine = (await list()).find(({ relayed }) => relayed.includes(`127.0.0.1:${client.relayed.port}`));
  assert.deepEqual(mine.user, { id: boris.id, username: "boris" });
  assert.equal(mine.client, `127.0.0.1:${client.socket.address().port}`);
  assert.equal(mine.transport, "udp");
  assert.deepEqual([mine.toPeers, mine.toClient], [{ packets: 0, bytes: 0 }, { packets: 0, bytes: 0 }]);
  assert.ok(Date.parse(mine.startedAt) <= Date.now() && Date.parse(mine.expiresAt) > Date.now(), JSON.stringify(mine));

  assert.equal(await client.permit("127.0.0.1"), 200);
  client.send(client.relayed, "12345");
  await until("it is counted", async () => (await list()).find(({ id }) => id === mine.id).toPeers.bytes === 5);

  const route = `/admin/relay/allocations/${mine.id}`;
  for (const [method, path] of [["GET", "/admin/relay/allocations"], ["DELETE", route]]) {
    assert.equal((await server.request(method, path, { token: boris.token })).status, 403);
    assert.equal((await server.request(method, path)).status, 401);
  }
  assert.equal((await server.request("DELETE", route, { token: anna.token })).status, 204);
  assert.equal(await client.refresh(), 437);
  for (const gone of [route, "/admin/relay/allocations/18446744073709551615", "/admin/relay/allocations/x"]) {
    const { status, body } = await server.request("DELETE", gone, { token: anna.token });
    assert.deepEqual([status, body.code], [404, "allocation.unknown"]);
  }
});

const line = (address) => `candidate:1 1 udp 2113937151 ${address} 50000 typ host`;

/** A TURN client with the credential that this person gets. */
async function turn(t, person) {
  const { iceServers } = await server.ok("GET", "/calls/webrtc-config", { token: person.token });
  const { username, credential } = iceServers.find((entry) => entry.username);
  const client = await TurnClient.open(server.turnPort, { username, credential });
  client.kept = { username, credential };
  t.after(() => client.close());
  return client;
}

/** Anna and Boris in a call that was answered. */
async function answered(t) {
  const caller = await Device.connect(server, anna, "/calls");
  const callee = await Device.connect(server, boris, "/calls");
  t.after(() => [caller, callee].forEach((device) => device.close()));
  const { id } = await server.ok("POST", "/calls/initiate", { token: anna.token, body: { targetUserId: boris.id, type: "voice" } });
  caller.emit("sdp_offer", { callId: id, sdp: "v=0\r\n", receiverId: boris.id });
  await callee.take("sdp_offer");
  callee.emit("accept_call", { callId: id, callerId: anna.id });
  await caller.take("call_accepted");
  const end = async () => {
    caller.emit("end_call", { callId: id, remoteUserId: boris.id });
    await callee.take("call_ended");
  };
  return { id, caller, callee, end };
}
