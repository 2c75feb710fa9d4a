// What Prometheus reads: the text format, and numbers that follow what the relay does.
import assert from "node:assert/strict";
import fs from "node:fs/promises";
import { after, before, test } from "node:test";
import { Server, freePort, until } from "../support/server.mjs";
import { TurnClient } from "./turn-client.mjs";

let server, port, credential;
before(async () => {
  port = await freePort("tcp");
  server = await Server.start({ "metrics.listen": `127.0.0.1:${port}` });
  const anna = await server.person("anna");
  const { iceServers } = await server.ok("GET", "/calls/webrtc-config", { token: anna.token });
  credential = iceServers.find(({ username }) => username);
});
after(() => server?.stop());

test("every family has its help, its type and the server's name, and no line is anything else", async () => {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get("content-type"), /^text\/plain; version=0\.0\.4/);
  const { helps, types, samples } = read(await answer.text());
  assert.ok(samples.length > 20);
  for (const { name } of samples) {
    assert.match(name, /^(zvonilka|process)_[a-z0-9_]+$/);
    const family = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, "");
    assert.match(types.get(family) ?? "", family !== name ? /^histogram$/ : name.endsWith("_total") ? /^counter$/ : /^gauge$/, name);
    assert.ok(helps.get(family)?.endsWith("."), family);
  }
  assert.equal(new Set(samples.map(({ key }) => key)).size, samples.length, "each series once");
});

test("an allocation, what it relays, a refusal and a drop are counted", async (t) => {
  const client = await TurnClient.open(server.turnPort, credential);
  t.after(() => client.close());
  const before = await scrape();
  assert.equal(await client.allocate(), 200);
  assert.equal(await client.permit("127.0.0.1"), 200);
  assert.equal(await client.permit("10.0.0.1"), 403);
  client.send(client.relayed, "12345");
  client.send({ ip: "8.8.8.8", port: 9 }, "nobody permitted this");
  await until("it came back", () => client.heard.length > 0);
  const grew = (after, name, labels) => (after.get(name, labels) ?? 0) - (before.get(name, labels) ?? 0);
  await until("all is counted", async () => {
    const after = await scrape();
    return grew(after, "zvonilka_turn_allocations", {}) === 1
      && grew(after, "zvonilka_turn_allocations_total", {}) === 1
      && grew(after, "zvonilka_turn_relayed_packets_total", { direction: "to_peers", transport: "udp" }) === 1
      && grew(after, "zvonilka_turn_relayed_bytes_total", { direction: "to_clients", transport: "udp" }) === 5
      && grew(after, "zvonilka_turn_packets_total", { direction: "ingress", transport: "udp" }) >= 5
      && grew(after, "zvonilka_turn_bytes_total", { direction: "egress", transport: "udp" }) > 0
      && grew(after, "zvonilka_turn_refusals_total", { code: "403" }) === 1
      && grew(after, "zvonilka_turn_drops_total", { reason: "no_permission" }) === 1;
  });
  assert.equal(await client.refresh(0), 200);
  await until("it is gone", async () => grew(await scrape(), "zvonilka_turn_allocations", {}) === 0);
});

test("requests are counted by the template of their route, and what is no route together", async () => {
  const REQUESTS = "zvonilka_http_request_duration_seconds_count";
  const before = await scrape();
  const { token } = await server.signIn("anna");
  for (const id of ["00000000-0000-7000-8000-000000000000", "00000000-0000-7000-8000-000000000001"]) {
    assert.equal((await server.request("GET", `/users/${id}`, { token })).status, 404);
  }
  for (const page of ["/", "/people", "/wp-admin.php"]) await fetch(server.url + page);
  const after = await scrape();
  const grew = (labels) => (after.get(REQUESTS, labels) ?? 0) - (before.get(REQUESTS, labels) ?? 0);
  assert.equal(grew({ route: "/users/{id}", method: "GET", status: "4xx" }), 2);
  assert.equal(grew({ route: "/auth/login", method: "POST", status: "2xx" }), 1);
  assert.equal(grew({ route: "(pages)", method: "GET" }), 3);
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  assert.ok(!text.includes("wp-admin") && !text.includes("00000000-0000"), "what clients make up is no label");
});

test("messages, sockets, calls and the database are counted", async () => {
  const [anna, boris] = [await server.signIn("anna"), await server.person("boris")];
  const [chat] = await server.ok("GET", "/chats", { token: anna.token });
  const before = await scrape();
  await server.ok("POST", `/chats/${chat.id}/messages`, { token: anna.token, body: { content: "hello" } });
  const call = await server.ok("POST", "/calls/initiate", { token: anna.token, body: { targetUserId: boris.id, type: "voice" } });
  const ringing = await scrape();
  assert.equal(ringing.get("zvonilka_calls", { form: "private", status: "ringing" }), 1);
  assert.equal(ringing.get("zvonilka_database_up", {}), 1);
  assert.ok(ringing.get("zvonilka_database_connections", {}) > 0);
  assert.ok(ringing.get("zvonilka_database_transaction_seconds_count", { access: "write" }) > 0);
  assert.ok(ringing.get("process_resident_memory_bytes", {}) > 1 << 20);
  assert.equal(ringing.get("zvonilka_chat_messages_total", {}) - before.get("zvonilka_chat_messages_total", {}), 1);
  await server.ok("POST", `/calls/${call.id}/end`, { token: anna.token });
  await until("it is counted as ended", async () =>
    (await scrape()).get("zvonilka_calls_ended_total", { form: "private", reason: "cancelled" }) === 1);
  assert.equal((await scrape()).get("zvonilka_calls", {}), 0);
});

test("every metric of the dashboard is on the page", async () => {
  const text = await fs.readFile(new URL("../../docs/grafana/zvonilka.json", import.meta.url), "utf8");
  const named = new Set(text.match(/\b(zvonilka|process)_[a-z0-9_]+/g));
  assert.ok(named.size > 20);
  const { samples, types } = read(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
  const there = new Set(samples.map(({ name }) => name));
  const missing = [...named].filter((name) => !there.has(name) && !types.has(name));
  assert.deepEqual(missing, []);
});

test("there is nothing but the metrics there, and without an address no metrics", async () => {
  assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 404);
  assert.equal((await fetch(`http://127.0.0.1:${port}/metrics`, { method: "POST" })).status, 405);
  assert.notEqual((await (await fetch(`${server.url}/metrics`)).text()).slice(0, 6), "# HELP");
});

/** Reads the text format strictly: https://prometheus.io/docs/instrumenting/exposition_formats/ */
function read(text) {
  assert.ok(text.endsWith("\n"));
  const [helps, types, samples] = [new Map(), new Map(), []];
  for (const line of text.split("\n")) {
    const comment = line.match(/^# (HELP|TYPE) (\S+) (.+)$/);
    if (comment) (comment[1] === "HELP" ? helps : types).set(comment[2], comment[3]);
    if (comment || line === "") continue;
    const [, name, inside, value] = line.match(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (-?[\d.]+(?:e[+-]?\d+)?)$/) ?? assert.fail(line);
    const labels = Object.fromEntries([...(inside ?? "").matchAll(/([a-z_]+)="([^"\\]*)"/g)].map(([, label, text]) => [label, text]));
    samples.push({ key: line.slice(0, line.lastIndexOf(" ")), name, labels, value: Number(value) });
  }
  return { helps, types, samples };
}

/** The sum of the samples of that name with these labels. */
async function scrape() {
  const { samples } = read(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
  const like = (sample, labels) => Object.entries(labels).every(([label, text]) => sample.labels[label] === text);
  return { get: (name, labels) => samples.filter((s) => s.name === name && like(s, labels)).reduce((sum, s) => sum + s.value, 0) };
}
