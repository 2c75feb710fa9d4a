// A session outlives its access tokens, in two tabs at once, without anybody noticing.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server, sleep } from "../support/server.mjs";
import { Person, openBrowser } from "./browser.mjs";

const FAMILY = "Семейный Чат";
let server, browser, anna;
before(async () => {
  server = await Server.start({ "auth.access_token_lifetime": "5s", "auth.refresh_grace": "1s" });
  browser = await openBrowser();
  anna = await Person.at(browser, server, "Анна");
  await anna.register();
  await anna.openChat(FAMILY);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("two tabs write on through many access tokens, and nothing is lost or doubled", async () => {
  const tab = await anna.context.newPage();
  const second = Object.assign(Object.create(anna), { page: tab });
  await tab.goto("/");
  await second.openChat(FAMILY);
  const written = [];
  for (let round = 0; round < 5; round++) {
    for (const [name, one] of [["первая", anna], ["вторая", second]]) {
      const text = `${name} вкладка ${round}`;
      await one.write(text);
      written.push(text);
    }
    await sleep(4000);
  }
  for (const one of [anna, second]) {
    await one.message("вторая вкладка 4").waitFor();
    const shown = await one.texts();
    for (const text of written) assert.equal(shown.filter((row) => row.includes(text)).length, 1, text);
    assert.equal(await one.get("login-submit").count(), 0);
  }
});

test("a reload with nothing but an old access token goes on as well", async () => {
  await anna.page.goto("about:blank");
  await sleep(6000);
  await anna.page.goto("/");
  await anna.openChat(FAMILY);
  await anna.write("после перерыва");
  await anna.page.reload();
  await anna.message("после перерыва").waitFor();
});

test("signing out in one tab signs out the other", async () => {
  const other = Object.assign(Object.create(anna), { page: await anna.context.newPage() });
  await other.page.goto("/");
  await other.chatList();
  await anna.page.goto("/settings");
  await anna.get("sign-out").click();
  await anna.page.getByRole("alertdialog").getByRole("button", { name: "Выйти" }).click();
  for (const one of [anna, other]) await one.get("login-submit").waitFor();
});

test("the pages raised no error", () => assert.deepEqual(anna.errors, []));
