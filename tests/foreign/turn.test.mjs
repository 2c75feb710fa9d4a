// The embedded TURN server, used by coturn's own client with the credential that a caller gets.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { Server } from "../support/server.mjs";

const run = promisify(execFile);

let server, credential;
before(async () => {
  server = await Server.start();
  const anna = await server.person("anna");
  const { iceServers } = await server.ok("GET", "/calls/webrtc-config", { token: anna.token });
  credential = iceServers.find(({ username }) => username);
});
after(() => server?.stop());

test("packets pass from relay to relay by Send indications and by channels", async () => {
  for (const form of [["-s"], []]) {
    const { received, sent, report } = await uclient(credential.credential, ...form, "-y", "-m", "2", "-n", "50", "-l", "160");
    assert.ok(sent >= 100, `${sent} sent`);
    assert.equal(received, sent, report);
  }
});

test("a wrong credential is refused", async () => {
  await assert.rejects(uclient("wrong", "-y", "-m", "1", "-n", "1"));
});

async function uclient(password, ...options) {
  const argv = ["-u", credential.username, "-w", password, "-p", String(server.turnPort), "-c", ...options, "127.0.0.1"];
  const { stdout, stderr } = await run("turnutils_uclient", argv, { timeout: 60_000 }).catch((error) => {
    if (error.code === "ENOENT") throw new Error("turnutils_uclient is missing: `make test` installs it");
    throw error;
  });
  const report = stdout + stderr;
  const totals = report.match(/start_mclient: tot_send_msgs=(\d+), tot_recv_msgs=(\d+)/) ?? assert.fail(report);
  return { sent: Number(totals[1]), received: Number(totals[2]), report };
}
