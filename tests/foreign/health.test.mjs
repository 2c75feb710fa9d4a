// What whoever watches over the server sees: health, and a log that programs read.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Server, until } from "../support/server.mjs";

const parts = (answer) => answer.json().then((body) => ({ http: answer.status, ...body }));

test("a server that works is live and ready, and says nothing else", async () => {
  const server = await Server.start();
  try {
    assert.deepEqual(await parts(await fetch(`${server.url}/health/live`)), { http: 200, status: "ok" });
    assert.deepEqual(await parts(await fetch(`${server.url}/health/ready`)), {
      http: 200, status: "ok", database: "ok", relay: "ok", server: "ok",
    });
  } finally {
    await server.stop();
  }
});

test("a log in JSON is JSON to its last line, with its message, level and time, also when the server cannot start", async () => {
  const server = await Server.start({ "log.format": "json", "log.filter": "debug" });
  try {
    const anna = await server.person("anna");
    await server.request("GET", "/users/nonsense", { token: anna.token });
    await server.end("SIGTERM");
    assert.ok(server.log.length > 10);
    for (const line of server.log) {
      const { timestamp, level, message, target } = JSON.parse(line);
      assert.ok(!Number.isNaN(Date.parse(timestamp)), line);
      assert.match(level, /^(ERROR|WARN|INFO|DEBUG|TRACE)$/);
      // What libraries say for those who look for a fault has fields alone.
      assert.ok(target && (message || !target.startsWith("zvonilka")), line);
    }
    const ready = server.log.map((line) => JSON.parse(line)).find(({ message }) => message === "ready");
    assert.match(ready.http, /^127\.0\.0\.1:\d+$/);
    server.settings["http.listen"] = "192.0.2.1:1";
    await assert.rejects(server.launch());
    await until("all was said", () => server.log.some((line) => line.includes("192.0.2.1:1")));
    const last = server.log.map((line) => JSON.parse(line)).at(-1);
    assert.deepEqual([last.level, last.message], ["ERROR", "the server ends"]);
  } finally {
    await server.stop();
  }
});

test("a log for people has one line for one thing, and no colour where nobody sees it", async () => {
  const server = await Server.start();
  try {
    await server.end("SIGTERM");
    assert.ok(server.log.some((line) => / INFO .*ready /.test(line)), server.log.join("\n"));
    for (const line of server.log) {
      assert.match(line, /^\d{4}-\d\d-\d\dT[\d:.]+Z +(ERROR|WARN|INFO) [a-z_:]+: /);
      assert.ok(!line.includes("\u001b["), line);
    }
  } finally {
    await server.stop();
  }
});
