// The Debian package on a machine with systemd: install, set up, run as a hardened service, upgrade, remove.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { BINARY, until } from "../support/server.mjs";
import { certify, settings } from "../support/pebble.mjs";
import { Machine } from "./machine.mjs";

const run = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, "../..");
const NAME = "talk.example.org";
let machine, folder, packages, token;

before(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), "zvonilka-package-"));
  packages = {};
  for (const version of ["0.1.0", "0.1.1"]) {
    const env = { ...process.env, COMPRESSION: "none", VERSION: version };
    packages[version] = (await run(path.join(ROOT, "scripts/deb.sh"), [BINARY, folder], { env })).stdout.trim();
  }
  machine = await Machine.boot();
  // Packages and the authority's files are put where the machine sees them.
  for (const file of Object.values(packages)) await copy(file, `/root/${path.basename(file)}`);
  await certify(folder);
  await fs.writeFile(path.join(folder, "config.json"), settings({ folder: "/root", port: 14000, management: 15000, httpPort: 80, tlsPort: 443, validity: 86_400 }));
  for (const name of ["ca.pem", "own.pem", "own.key", "config.json"]) await copy(path.join(folder, name), `/root/${name}`);
  machine.start("pebble-challtestsrv", "-defaultIPv4", "203.0.113.10", "-defaultIPv6", "", "-dns01", "127.0.0.1:8053",
    "-management", "127.0.0.1:8055", "-http01", "", "-https01", "", "-tlsalpn01", "");
  machine.start("env", "PEBBLE_VA_NOSLEEP=1", "pebble", "-config", "/root/config.json", "-dnsserver", "127.0.0.1:8053");
  await until("the authority answers", async () => {
    const root = await machine.try("curl", "-sf", "--cacert", "/root/ca.pem", "https://127.0.0.1:15000/roots/0", "-o", "/root/root.pem");
    return root.code === 0;
  });
}, { timeout: 120_000 });

after(async () => {
  await machine?.stop();
  await fs.rm(folder, { recursive: true, force: true });
});

test("installing makes the user, starts nothing, and says what to do next", async () => {
  const said = await machine.run("dpkg", "--force-depends", "-i", deb("0.1.0"));
  assert.match(said, /sudo zvonilka setup/);
  assert.match(await machine.run("getent", "passwd", "zvonilka"), /\/var\/lib\/zvonilka/);
  assert.equal((await machine.try("systemctl", "is-active", "zvonilka")).out.trim(), "inactive");
});

test("setup asks for what it must know, and changes nothing while it does not", async () => {
  const { code, err } = await machine.try("zvonilka", "setup");
  assert.equal(code, 2);
  assert.match(err, /--domain NAME/);
  const wrong = await machine.try("zvonilka", "setup", "--domain", "not a name");
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /"not a name": expected a host name/);
  const mail = await machine.try("zvonilka", "setup", "--domain", NAME, "--email", "nobody");
  assert.equal(mail.code, 2);
  assert.match(mail.err, /acme.email = "nobody": expected an e-mail address/);
  assert.notEqual((await machine.try("test", "-e", "/etc/zvonilka/zvonilka.toml")).code, 0, "what is at fault is not kept");
});

test("setup ends with a server that is ready, and a link for the first person", async (t) => {
  const from = Date.now();
  const authority = ["--acme-directory", "https://127.0.0.1:14000/dir", "--acme-root-file", "/etc/ssl/authority.pem"];
  await machine.run("install", "-m", "644", "/root/ca.pem", "/etc/ssl/authority.pem");
  const said = await machine.run("zvonilka", "setup", "--domain", NAME, ...authority);
  t.diagnostic(`cold setup to ready, certificate included: ${Date.now() - from} ms`);
  assert.match(said, /talk\.example\.org leads to this machine \(203\.0\.113\.10\)/);
  assert.match(said, /The certificate is there, good until/);
  assert.match(said, /[█▀▄]{10}/, "a picture of the link");
  const [, code] = said.match(/https:\/\/talk\.example\.org\/join\/(\S+)/);
  assert.equal(await status("/", ["-H", "accept: text/html"]), "200");
  const register = JSON.stringify({ username: "anna", password: "correct horse", invitationCode: code });
  assert.equal(await status("/users/register", ["-H", "content-type: application/json", "-d", register]), "201");
  const login = JSON.stringify({ username: "anna", password: "correct horse" });
  token = JSON.parse(await curl("/auth/login", ["-H", "content-type: application/json", "-d", login])).access_token;
  assert.equal(await signedIn(), "200");
  const again = await machine.run("zvonilka", "setup", "--domain", NAME);
  assert.match(again, /stays as it is/);
  assert.match(again, /zvonilka invite create/);
  const other = await machine.try("zvonilka", "setup", "--domain", "other.example.org");
  assert.match(other.err, /says domain = "talk\.example\.org"/);
});

test("the service has its own user, no more rights than ports below 1024, and a low exposure", async (t) => {
  const pid = await property("MainPID");
  assert.match(await machine.run("ps", "-o", "user=", "-p", pid), /zvonilka/);
  const rights = (await machine.run("grep", "CapEff", `/proc/${pid}/status`)).trim().split(/\s+/)[1];
  assert.equal(BigInt(`0x${rights}`), 1n << 10n, "CAP_NET_BIND_SERVICE alone");
  const [, exposure] = (await machine.run("systemd-analyze", "security", "zvonilka.service")).match(/exposure level for zvonilka.service: ([\d.]+)/);
  t.diagnostic(`systemd-analyze security: ${exposure}`);
  assert.ok(Number(exposure) < 2.0, exposure);
  const log = await machine.run("journalctl", "--no-pager", "--output=cat", "--unit=zvonilka");
  assert.doesNotMatch(log, /\bWARN\b|\bERROR\b/, "a server that was just set up has nothing to complain about");
});

test("a reload reads the settings again without a restart", async () => {
  const pid = await property("MainPID");
  await machine.run("systemctl", "reload", "zvonilka");
  await until("it says so", async () => (await machine.run("journalctl", "--no-pager", "--unit=zvonilka")).includes("the settings were read again"));
  assert.equal(await property("MainPID"), pid);
});

test("a server that was killed, or that stands still, is started again", async () => {
  const pid = await property("MainPID");
  await machine.run("kill", "-KILL", pid);
  await until("it is back", async () => (await property("MainPID")) !== pid && (await signedIn()) === "200", 20_000);
  const watched = "[Service]\nWatchdogSec=3\n";
  await machine.run("sh", "-c", `mkdir -p /run/systemd/system/zvonilka.service.d; printf '${watched}' >/run/systemd/system/zvonilka.service.d/watch.conf`);
  await machine.run("systemctl", "daemon-reload");
  await machine.run("systemctl", "restart", "zvonilka");
  const second = await property("MainPID");
  await new Promise((done) => setTimeout(done, 5000));
  assert.equal(await property("MainPID"), second, "who is alive is left alone");
  await machine.run("kill", "-STOP", second);
  await until("it is back", async () => (await property("MainPID")) !== second && (await signedIn()) === "200", 30_000);
});

test("an upgrade goes on where the older version was", async () => {
  const pid = await property("MainPID");
  await machine.run("dpkg", "--force-depends", "-i", deb("0.1.1"));
  assert.notEqual(await property("MainPID"), pid);
  assert.equal(await signedIn(), "200");
});

test("removing keeps what the family wrote, purging leaves nothing", async () => {
  await machine.run("dpkg", "-r", "zvonilka");
  assert.notEqual((await machine.try("systemctl", "is-active", "zvonilka")).code, 0);
  await machine.run("test", "-e", "/var/lib/zvonilka/zvonilka.db");
  await machine.run("dpkg", "-P", "zvonilka");
  for (const left of ["/var/lib/zvonilka", "/etc/zvonilka", "/usr/bin/zvonilka", "/lib/systemd/system/zvonilka.service"]) {
    assert.notEqual((await machine.try("test", "-e", left)).code, 0, left);
  }
  assert.notEqual((await machine.try("getent", "passwd", "zvonilka")).code, 0);
});

const deb = (version) => `/root/${path.basename(packages[version])}`;
const curl = (route, options) => machine.run("curl", "-s", "--cacert", "/root/root.pem", `https://${NAME}${route}`, ...options);
const status = (route, options) => curl(route, ["-o", "/dev/null", "-w", "%{http_code}", ...options]);
const signedIn = () => status("/users/profile", ["-H", `authorization: Bearer ${token}`]).catch(() => null);
const property = async (name) => (await machine.run("systemctl", "show", "--value", `--property=${name}`, "zvonilka")).trim();

/** Puts a file of this machine into the other, through the first process's view of its root. */
async function copy(from, to) {
  await fs.copyFile(from, `/proc/${machine.pid}/root${to}`);
}
