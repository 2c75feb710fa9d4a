// The details of a call say why it went as it did: a talk that went well, and one that could not be answered as the browser gave no microphone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server, until } from "../support/server.mjs";
import { Person, openBrowser } from "./browser.mjs";

let server, browser, strict, anna, boris, vera;
before(async () => {
  server = await Server.start({ "calls.ice_transport_policy": "relay", "turn.peers": "calls" });
  browser = await openBrowser();
  // Its own dialogue for the microphone is answered with no.
  strict = await openBrowser({ args: ["--use-fake-ui-for-media-stream=deny"] });
  anna = await Person.at(browser, server, "Анна");
  boris = await Person.at(browser, server, "Борис", { hz: 1000, colour: [30, 30, 200] });
  vera = await Person.at(strict, server, "Вера");
  await vera.context.clearPermissions();
  await vera.page.addInitScript(() => delete navigator.mediaDevices.getUserMedia);
  for (const person of [anna, boris, vera]) await person.register();
});
after(async () => {
  await Promise.allSettled([browser?.close(), strict?.close()]);
  await server?.stop();
});

test("a talk through the relay is told with its way, and with what each device saw", async () => {
  await dial(boris);
  await boris.get("call-accept").click();
  for (const person of [anna, boris]) await person.get("call-timer").waitFor();
  const told = await until("both have told", async () => {
    const explained = await explanation();
    const reports = explained.steps.filter(({ step }) => step.kind === "reported");
    const ofEach = new Map(reports.map(({ userId, step }) => [userId, step.report]));
    return ofEach.size === 2 && [...ofEach.values()];
  }, 20_000);
  for (const report of told) {
    assert.equal(report.pair.local, "relay", JSON.stringify(report));
    assert.ok(report.firstReceivedMs < 15_000 && report.firstSentMs < 15_000, JSON.stringify(report));
    assert.ok(Math.abs(report.clockOffsetMs) < 3_000, JSON.stringify(report));
    assert.ok(report.gathered.some(({ candidate, relay }) => candidate === "relay" && relay === "udp"), JSON.stringify(report));
  }
  await anna.get("call-hangup").click();
  await boris.get("call-timer").waitFor({ state: "detached" });
  const why = await details(anna);
  assert.equal(await why.getAttribute("data-code"), "talked");
  assert.match(await why.textContent(), /Разговор состоялся.*через сервер по\u00a0UDP/s);
  const steps = await anna.get("call-step").allTextContents();
  assert.ok(steps.some((text) => /Ответ: Борис/.test(text)), steps.join("\n"));
  const kept = (await explanation()).steps.filter(({ step }) => step.kind !== "servers_issued");
  assert.ok(!JSON.stringify(kept).includes("127.0.0.1"), "no address of a device is kept");
  await anna.page.keyboard.press("Escape");
});

test("a call that could not be answered for want of a microphone says whose it was, and what to do", async () => {
  await dial(vera);
  await vera.get("call-accept").click();
  await until("it is told", async () => (await explanation()).finding?.code === "live" || hasFault());
  await until("the fault is told", hasFault, 15_000);
  await anna.get("call-hangup").click();
  await until("it is over", async () => (await explanation()).finding?.code === "no_microphone");
  const why = await details(anna);
  assert.equal(await why.getAttribute("data-code"), "no_microphone");
  assert.match(await why.textContent(), /Вера: микрофон был недоступен.*Что сделать:/s);
});

test("the pages raise no error", () => {
  for (const person of [anna, boris, vera]) assert.deepEqual(person.errors, []);
});

async function hasFault() {
  const { steps } = await explanation();
  return steps.some(({ step }) => step.kind === "reported" && step.report.microphone === "denied");
}

async function dial(whom) {
  const { token } = await server.signIn("Анна");
  const person = (await server.ok("GET", "/users", { token })).find(({ username }) => username === whom.username);
  await server.ok("POST", "/chats/private", { token, body: { targetUserId: person.id } });
  await anna.page.goto("/");
  await anna.chatList();
  await anna.openChat(whom.username);
  await anna.get("call-voice").click();
  await whom.get("call-accept").waitFor();
}

async function explanation() {
  const { token } = await server.signIn("Анна");
  const { calls } = await server.ok("GET", "/calls/log?limit=1", { token });
  return server.ok("GET", `/calls/${calls[0].id}/explanation`, { token });
}

/** Opens the details of the newest call; returns its sentence. */
async function details(person) {
  await person.page.goto("/history");
  await person.get("past-call").first().getByRole("button").first().click();
  const why = person.get("why");
  await why.waitFor();
  return why;
}
