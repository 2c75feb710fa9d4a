// Two people call each other, every packet through this server's relay; proof is what is heard and seen, not only what is counted.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server, until } from "../support/server.mjs";
import { Person, openBrowser } from "./browser.mjs";

let server, browser, anna, boris;
before(async () => {
  server = await Server.start({ "calls.ice_transport_policy": "relay", "turn.peers": "calls" });
  browser = await openBrowser();
  anna = await Person.at(browser, server, "Анна", { hz: 440, colour: [200, 30, 30] });
  boris = await Person.at(browser, server, "Борис", { hz: 1000, colour: [30, 30, 200] });
  await anna.register();
  await boris.register();
  await startPrivateChat(anna, boris);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("a voice call carries the tones of both sides through the relay", async () => {
  await call("call-voice");
  await connected();
  for (const [listener, speaker] of [[anna, 1000], [boris, 440]]) await hears(listener, speaker);
  await hangUp(anna, boris, "voice");
});

test("a video call carries both pictures through the relay as well", async () => {
  await call("call-video");
  await connected();
  for (const [listener, speaker] of [[anna, 1000], [boris, 440]]) await hears(listener, speaker);
  for (const [viewer, [red, , blue]] of [[anna, [30, 30, 200]], [boris, [200, 30, 30]]]) {
    await until("frames are decoded", async () => (await measure(viewer, "stats")).video?.framesDecoded > 10);
    const seen = await measure(viewer, "see");
    assert.ok(seen.frames >= 3, `${viewer.username} saw ${seen.frames} different frames`);
    assert.ok(Math.abs(seen.colour[0] - red) < 60 && Math.abs(seen.colour[2] - blue) < 60, `${viewer.username} saw ${seen.colour}`);
    await viewer.get("remote-video").waitFor();
  }
  await hangUp(boris, anna, "video");
});

test("a call that is not wanted ends on both screens", async () => {
  await anna.get("call-voice").click();
  await boris.get("call-reject").click();
  await boris.get("call-reject").waitFor({ state: "detached" });
  await until("anna is out of the call", async () => (await anna.get("call-hangup").count()) === 0);
  assert.equal((await latestCall()).status, "rejected");
});

test("the pages ask no other host and raise no error", () => {
  for (const person of [anna, boris]) {
    assert.deepEqual(person.foreign, []);
    assert.deepEqual(person.errors, []);
  }
});

async function call(button) {
  await anna.get(button).click();
  await boris.get("call-accept").waitFor();
  const sound = boris.page.evaluate(() => {
    const accept = document.querySelector('[data-testid="call-accept"]');
    return new Promise((done) => {
      accept.addEventListener("click", () => done(window.zvonilkaTest.firstSound(performance.now())), { capture: true, once: true });
    });
  });
  await boris.get("call-accept").click();
  console.log(JSON.stringify({ measured: `accept to first sound (${button})`, ms: Math.round(await sound) }));
}

/** Both are in the call, and on both sides the selected pair is a relay's on either end. */
async function connected() {
  for (const person of [anna, boris]) {
    await person.get("call-timer").waitFor();
    const { local, remote } = await until("a pair is selected", () => measure(person, "stats").catch(() => null));
    for (const end of [local, remote]) {
      assert.equal(end.candidateType, "relay", JSON.stringify({ local, remote }));
      assert.equal(end.address, "127.0.0.1");
      assert.ok(end.port >= 20_000 && end.port <= 29_999, `port ${end.port}`);
    }
    assert.match(local.url, new RegExp(`^turn:127\\.0\\.0\\.1:${server.turnPort}`));
  }
}

async function hears(listener, hz) {
  const heard = await measure(listener, "hear");
  assert.ok(Math.abs(heard.hz - hz) < 15, `${listener.username} hears ${heard.hz} Hz, sent were ${hz}`);
  assert.ok(heard.rms > 0.01, `${listener.username} hears an energy of ${heard.rms}`);
  const { audio } = await measure(listener, "stats");
  assert.ok(audio.totalAudioEnergy > 0 && audio.packetsReceived > 50, JSON.stringify(audio));
}

async function hangUp(one, other, type) {
  const peers = await Promise.all([one, other].map((person) => person.page.evaluateHandle(() => window.zvonilkaCall.peer)));
  await one.get("call-hangup").click();
  for (const person of [one, other]) await person.get("call-timer").waitFor({ state: "detached" });
  for (const peer of peers) assert.equal(await peer.evaluate((peer) => peer.connectionState), "closed");
  const row = await until("the row has ended", async () => {
    const latest = await latestCall();
    return latest.status === "ended" && latest;
  });
  assert.equal(row.type, type);
  assert.ok(row.duration >= 1, JSON.stringify(row));
}

async function latestCall() {
  const { token } = await server.signIn("Анна");
  const [latest] = await server.ok("GET", "/calls/history?limit=1&offset=0", { token });
  return latest;
}

async function startPrivateChat(one, other) {
  const { token } = await server.signIn(one.username);
  const person = (await server.ok("GET", "/users", { token })).find(({ username }) => username === other.username);
  await server.ok("POST", "/chats/private", { token, body: { targetUserId: person.id } });
  await one.openChat(other.username);
}

const measure = (person, what) => person.page.evaluate((name) => window.zvonilkaTest[name](), what);
