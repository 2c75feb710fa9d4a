// Two people register with an invite and chat in the family chat, over a restart of the server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server, until } from "../support/server.mjs";
import { Person, openBrowser } from "./browser.mjs";

const FAMILY = "Семейный Чат";
let server, browser, anna, boris;
before(async () => {
  server = await Server.start();
  browser = await openBrowser();
  anna = await Person.at(browser, server, "Анна");
  boris = await Person.at(browser, server, "Борис");
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("two people register with the invite and find themselves in the family chat", async () => {
  await anna.register();
  await boris.register();
  for (const person of [anna, boris]) await person.openChat(FAMILY);
});

test("they write both ways, and each sees every message once", async () => {
  for (let n = 1; n <= 3; n++) {
    await anna.write(`Анна пишет ${n}`);
    await boris.message(`Анна пишет ${n}`).waitFor();
    await boris.write(`Борис пишет ${n}`);
    await anna.message(`Борис пишет ${n}`).waitFor();
  }
  const expected = [1, 2, 3].flatMap((n) => [`Анна пишет ${n}`, `Борис пишет ${n}`]);
  await bothShow(expected);
});

test("a message written while the server is away arrives once when it is back", async () => {
  const { code, ms } = await server.end("SIGTERM");
  assert.equal(code, 0, server.log.join("\n"));
  assert.ok(ms < 10_000, `took ${ms} ms to end`);
  await anna.write("Пока сервера нет");
  await anna.message("Пока сервера нет").waitFor();
  await server.launch();
  await boris.message("Пока сервера нет").waitFor();
  await boris.write("Снова на связи");
  await anna.message("Снова на связи").waitFor();
  const expected = [1, 2, 3].flatMap((n) => [`Анна пишет ${n}`, `Борис пишет ${n}`]);
  await bothShow([...expected, "Пока сервера нет", "Снова на связи"]);
});

test("a server that dies is survived as well, and a reload shows the same", async () => {
  await server.end("SIGKILL");
  await server.launch();
  await boris.write("После падения");
  await anna.message("После падения").waitFor();
  await anna.page.reload();
  await anna.message("После падения").waitFor();
  const shown = await anna.texts();
  assert.equal(shown.filter((text) => text.includes("После падения")).length, 1);
  assert.equal(shown.filter((text) => text.includes("Анна пишет 1")).length, 1);
});

test("signing in again leads to the chat list", async () => {
  const elsewhere = await Person.at(browser, server, "Анна");
  const ms = await elsewhere.signIn();
  console.log(JSON.stringify({ measured: "login click to chat list", ms: Math.round(ms) }));
  await elsewhere.openChat(FAMILY);
  await elsewhere.message("После падения").waitFor();
  await elsewhere.context.close();
});

test("the pages ask no other host and raise no error", () => {
  for (const person of [anna, boris]) {
    assert.deepEqual(person.foreign, []);
    assert.deepEqual(person.errors, []);
  }
});

/** Both screens show exactly these, in this order. */
async function bothShow(expected) {
  for (const person of [anna, boris]) {
    const shown = await until("all messages are shown", async () => {
      const texts = await person.texts();
      return texts.length >= expected.length && texts;
    });
    assert.equal(shown.length, expected.length, shown.join("\n"));
    expected.forEach((text, at) => assert.ok(shown[at].includes(text), `${shown[at]} at ${at}, expected ${text}`));
  }
}
