// What Prometheus reads: the text format, and numbers that follow what the relay does.
import assert from "node:assert/strict";
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
    assert.match(name, /^zvonilka_(turn|rooms)_[a-z0-9_]+$/);
    assert.match(types.get(name), name.endsWith("_total") ? /^counter$/ : /^gauge$/, name);
    assert.ok(helps.get(name)?.endsWith("."), name);
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
