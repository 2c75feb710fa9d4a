// A group call in real browsers, three Chromium and one Firefox: proof is what is heard and seen by each of each other.
import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { Server, sleep, until } from "../support/server.mjs";
import { openBrowser, openMortalBrowser } from "./browser.mjs";
import { openFirefox } from "./firefox.mjs";
import { Chromium, Firefox } from "./group-people.mjs";

/** Three layers are sent of it: libwebrtc gives smaller pictures fewer. */
const LARGE = [960, 540];

let dir, server, browser, extra, fox, anna, boris, vera, grisha, all;
before(async () => {
  dir = await fs.mkdtemp(path.join(os.tmpdir(), "zvonilka-group-"));
  server = await Server.start();
  [browser, extra, fox] = await Promise.all([openBrowser(), openMortalBrowser(), openFirefox(path.join(dir, "firefox"))]);
  anna = await Chromium.register(browser, server, "Анна", { hz: 440, colour: [200, 30, 30] });
  boris = await Chromium.register(browser, server, "Борис", { hz: 1000, colour: [30, 30, 200] });
  vera = await Chromium.register(extra, server, "Вера", { hz: 660, colour: [30, 160, 30] });
  grisha = await Firefox.register(fox, server, "Гриша", { hz: 1500, colour: [160, 30, 160] });
  all = [anna, boris, vera, grisha];
});
after(async () => {
  await Promise.allSettled([browser?.close(), extra?.kill(), fox?.close()]);
  await server?.stop();
  await fs.rm(dir, { recursive: true, force: true, maxRetries: 5 });
});

test("the whole chat rings, and each hears the tones and sees the colours of the three others", async () => {
  await anna.call("video");
  await Promise.all([boris, vera].map((member) => member.answer()));
  // Firefox comes later, by the banner of the chat, which it has open.
  await grisha.click("group-decline");
  await grisha.join();
  await everybodyPerceivesEverybody({ pictures: true });
});

test("a muted microphone is silent for the others and shown to them", async () => {
  await vera.click("group-mute");
  await until("the mark", async () => (await anna.tiles()).get(vera.username)?.["data-muted"] === "true");
  await until("silence", async () => ((await anna.measure("hearOf", vera.username))?.rms ?? 0) < 0.001);
  await vera.click("group-mute");
  await anna.hears(vera);
});

test("a shared screen comes beside the camera, with its sound, and nothing of it is cut while people talk", async () => {
  await vera.click("group-screen");
  await until("the screen is seen", async () => {
    const seen = await anna.measure("seeOf", vera.username, "screen");
    return seen && Math.abs(seen.colour[0] - 180) < 60 && Math.abs(seen.colour[2] - 20) < 60 && seen.frames >= 2;
  }, 20_000);
  await anna.hears(vera);
  await Promise.all([anna, boris, grisha].map((member) => member.shows(vera, "screen")));
  const cuts = Promise.all([anna, boris, grisha].map((member) => member.measure("cuts", 10_000)));
  for (let press = 0; press < 4; press++) {
    await boris.click("group-mute");
    await sleep(1_000);
  }
  assert.deepEqual(await cuts, [0, 0, 0]);
  await vera.click("group-screen");
  await until("the screen is gone", async () => (await anna.measure("seeOf", vera.username, "screen")) === null);
});

test("the server killed and started again: all are back, hearing everybody, without a touch", async () => {
  // Each has a device of their own, which this machine is not: without most of the pictures it is nearer to it.
  for (const member of [anna, boris, grisha]) await member.click("group-camera");
  for (const member of all) await member.measure("noteConnection");
  await server.end("SIGKILL");
  await sleep(300);
  const from = performance.now();
  await server.launch();
  const answered = performance.now() - from;
  await Promise.all(all.map((listener) => heard(listener, from)));
  const back = performance.now() - from;
  console.log(JSON.stringify({ measured: "kill -9 to everybody hears everybody, ms from the restart", answered: Math.round(answered), back: Math.round(back) }));
  assert.ok(back < 5_000, `${Math.round(back)} ms`);
  for (const viewer of [anna, boris, grisha]) await viewer.views(vera);
  for (const member of [anna, boris, grisha]) await member.click("group-camera");
  await everybodyPerceivesEverybody({ pictures: true });
});

test("who vanishes is gone from the others' screens within 15 s", async () => {
  const from = performance.now();
  await extra.kill();
  for (const member of [anna, boris, grisha]) {
    await until(`${member.username} does not see her`, async () => !(await member.tiles()).has(vera.username), 15_000);
  }
  console.log(JSON.stringify({ measured: "vanished to gone, ms", ms: Math.round(performance.now() - from) }));
});

test("when the last has left the call is over, and the history tells who was in it", async () => {
  for (const member of [grisha, boris, anna]) await member.leave();
  const { token } = await server.signIn(anna.username);
  const entry = await until("the row has ended", async () => {
    const { calls: [latest] } = await server.ok("GET", "/calls/log?limit=1", { token });
    return latest?.status === "ended" && latest;
  }, 20_000);
  assert.equal(entry.form, "group");
  assert.deepEqual(entry.participants.map(({ outcome }) => outcome), ["joined", "joined", "joined", "joined"]);
});

test("a larger tile brings a larger layer, a smaller one a smaller", async () => {
  const dasha = await Chromium.register(browser, server, "Даша", { hz: 880, colour: [30, 160, 30], size: LARGE });
  await dasha.call("video");
  await boris.answer();
  const width = async () => (await boris.measure("pictureOf", dasha.username))?.width ?? 0;
  await boris.click("group-fold");
  const small = await until("a small layer for the folded call", async () => {
    const now = await width();
    return now > 0 && now <= 240 && now;
  }, 20_000);
  await boris.click("group-tile-folded");
  await boris.wait("group-stage");
  const large = await until("a larger layer for the grid", async () => {
    const now = await width();
    return now >= 480 && now;
  }, 30_000);
  console.log(JSON.stringify({ measured: "frame width of a folded and of a grid tile", small, large }));
  for (const member of [dasha, boris]) await member.leave();
});

test("the pages ask no other host and raise no error", () => {
  for (const member of all) {
    assert.deepEqual(member.foreign, []);
    assert.deepEqual(member.errors, []);
  }
});

async function everybodyPerceivesEverybody({ pictures }) {
  await Promise.all(all.map(async (listener) => {
    const others = all.filter((other) => other !== listener);
    await listener.sees(...others.map(({ username }) => username));
    await listener.plays(others.length);
    for (const other of others) {
      await listener.hears(other);
      if (!pictures) continue;
      await listener.views(other);
      await listener.shows(other);
    }
  }));
}

/** Waits until `listener` hears all others, told by quick looks at the loudness of each. */
async function heard(listener, from) {
  const others = all.filter((each) => each !== listener);
  await Promise.all(others.map((other) =>
    until(`${listener.username} hears ${other.username} again`, () => listener.measure("isHeardAnew", other.username), 15_000)));
  console.log(JSON.stringify({ measured: `${listener.username} hears all again, ms`, ms: Math.round(performance.now() - from) }));
}
