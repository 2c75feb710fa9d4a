// What happens to a group call and to the places in it, in real browsers: it grows out of a call of two, is moderated, moves, and outlives a reload.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server, until } from "../support/server.mjs";
import { openBrowser } from "./browser.mjs";
import { Chromium } from "./group-people.mjs";

let server, browser, anna, boris, vera, all;
before(async () => {
  server = await Server.start();
  browser = await openBrowser();
  anna = await Chromium.register(browser, server, "Анна", { hz: 440, colour: [200, 30, 30] });
  boris = await Chromium.register(browser, server, "Борис", { hz: 1000, colour: [30, 30, 200] });
  vera = await Chromium.register(browser, server, "Вера", { hz: 660, colour: [30, 160, 30] });
  all = [anna, boris, vera];
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("a call of two becomes a group call when a third is invited, and all three hear each other", async () => {
  await startPrivateChat(anna, boris);
  await anna.click("call-voice");
  await boris.click("call-accept");
  await anna.wait("call-timer");
  await anna.click("call-invite");
  await anna.page.getByTestId("invite-third").locator(`[data-user="${vera.username}"]`).getByTestId("panel-invite").click();
  await vera.answer();
  for (const member of all) await member.wait("group-stage");
  await everybodyHears(all);
  for (const member of all) await member.leave();
  for (const member of all) await member.person.openChat("Семейный");
});

test("who started the call mutes somebody, who may speak again; the others cannot", async () => {
  await anna.call("voice");
  await Promise.all([boris, vera].map((member) => member.answer()));
  await everybodyHears(all);
  await boris.click("group-people");
  assert.equal(await boris.count("panel-mute"), 0, "an ordinary member has no such button");
  await boris.page.keyboard.press("Escape");
  await inPanel(anna, boris, "panel-mute");
  await until("he is marked as muted", async () => (await vera.tiles()).get(boris.username)?.["data-muted"] === "true");
  await until("silence", async () => ((await vera.measure("hearOf", boris.username))?.rms ?? 0) < 0.001);
  await boris.click("group-mute");
  await vera.hears(boris);
});

test("a locked call lets nobody new in until it is unlocked, and who was removed learns it", async () => {
  for (const member of all) await member.leave();
  await anna.call("voice");
  await boris.answer();
  await vera.click("group-decline");
  await toggleLock();
  await vera.click("live-join");
  await vera.click("green-join");
  assert.match(await vera.page.getByTestId("group-over").innerText(), /закрыт/);
  await vera.click("group-close");
  await toggleLock();
  await vera.join();
  await anna.hears(vera);
  await inPanel(anna, vera, "panel-remove", () => anna.page.getByRole("button", { name: "Убрать", exact: true }).click());
  assert.match(await vera.page.getByTestId("group-over").innerText(), /убрали/);
  await until("her tile is gone", async () => !(await boris.tiles()).has(vera.username));
});

test("joining on a second device moves the call there, and the first one says so", async () => {
  const laptop = await Chromium.signIn(browser, server, boris.username, { hz: 1300, colour: [30, 30, 200] });
  await laptop.join();
  await anna.hears(laptop);
  await boris.wait("group-over");
  assert.equal((await anna.tiles()).size, 2, "one place for one person");
  await laptop.leave();
  assert.deepEqual(laptop.errors, []);
  await boris.click("group-close");
});

test("after a reload of the page one is asked, and is back in the call with one touch", async () => {
  await boris.join();
  await anna.hears(boris);
  await boris.page.reload();
  await boris.click("group-return");
  await anna.hears(boris);
  await boris.hears(anna);
  for (const member of [boris, anna]) await member.leave();
  for (const member of all) assert.deepEqual(member.errors, []);
});

async function everybodyHears(members) {
  await Promise.all(members.map(async (listener) => {
    for (const other of members) if (other !== listener) await listener.hears(other);
  }));
}

async function toggleLock() {
  await anna.click("group-people");
  await anna.click("group-lock");
  await anna.page.keyboard.press("Escape");
  await anna.page.getByTestId("people-panel").waitFor({ state: "detached" });
}

/** Opens the list of people and does there what `button` does to somebody. */
async function inPanel(moderator, member, button, confirm = async () => {}) {
  await moderator.click("group-people");
  await moderator.page.getByTestId("person-in-call").and(moderator.page.locator(`[data-user="${member.username}"]`)).getByTestId(button).click();
  await confirm();
  await moderator.page.keyboard.press("Escape");
  await moderator.page.getByTestId("people-panel").waitFor({ state: "detached" });
}

async function startPrivateChat(one, other) {
  const { token } = await server.signIn(one.username);
  const person = (await server.ok("GET", "/users", { token })).find(({ username }) => username === other.username);
  await server.ok("POST", "/chats/private", { token, body: { targetUserId: person.id } });
  await one.person.openChat(other.username);
}
