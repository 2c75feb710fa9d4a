// An ACME authority on loopback (pebble, with its DNS server, for which every name is 127.0.0.1).
import { execFile, spawn } from "node:child_process";
import fs from "node:fs/promises";
import https from "node:https";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { freePort, until } from "./server.mjs";

const run = promisify(execFile);
const started = [];
process.on("exit", () => started.forEach((authority) => authority.kill()));

export class Authority {
  /** Starts it: it asks at `httpPort` and `tlsPort`, and its certificates are good for `validity` seconds. */
  static async start({ httpPort, tlsPort, validity }) {
    const authority = new Authority();
    authority.dir = await fs.mkdtemp(path.join(os.tmpdir(), "zvonilka-acme-"));
    started.push(authority);
    await certify(authority.dir);
    const [port, management, dns, dnsManagement] = await Promise.all(["tcp", "tcp", "both", "tcp"].map(freePort));
    authority.directory = `https://127.0.0.1:${port}/dir`;
    authority.roots = `https://127.0.0.1:${management}/roots/0`;
    const config = settings({ folder: authority.dir, port, management, httpPort, tlsPort, validity });
    await fs.writeFile(authority.file("config.json"), config);
    const names = ["-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dns01", `127.0.0.1:${dns}`, "-management", `127.0.0.1:${dnsManagement}`];
    authority.names = spawn("pebble-challtestsrv", [...names, "-http01", "", "-https01", "", "-tlsalpn01", ""], { stdio: "ignore" });
    const env = { PATH: process.env.PATH, PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "5", PEBBLE_AUTHZREUSE: "0" };
    authority.process = spawn("pebble", ["-config", authority.file("config.json"), "-dnsserver", `127.0.0.1:${dns}`], { stdio: "ignore", env });
    authority.root = await until("the authority answers", () => authority.fetchRoot().catch(() => null));
    return authority;
  }

  file(name) {
    return path.join(this.dir, name);
  }

  /** By this it is trusted. */
  get rootFile() {
    return this.file("ca.pem");
  }

  /** Returns the certificate that signed those it gives. */
  async fetchRoot() {
    const ca = await fs.readFile(this.rootFile);
    return new Promise((done, fail) => {
      const request = https.get(this.roots, { ca }, async (answer) => {
        let text = "";
        for await (const part of answer) text += part;
        done(text);
      });
      request.on("error", fail);
    });
  }

  kill() {
    this.process?.kill("SIGKILL");
    this.names?.kill("SIGKILL");
  }

  async stop() {
    this.kill();
    await fs.rm(this.dir, { recursive: true, force: true });
  }
}

/** What pebble is told: its own certificate is in `folder`. */
export function settings({ folder, port, management, httpPort, tlsPort, validity }) {
  const pebble = {
    listenAddress: `127.0.0.1:${port}`, managementListenAddress: `127.0.0.1:${management}`,
    certificate: path.join(folder, "own.pem"), privateKey: path.join(folder, "own.key"),
    httpPort, tlsPort, ocspResponderURL: "", externalAccountBindingRequired: false, certificateValidityPeriod: validity,
  };
  return JSON.stringify({ pebble });
}

/** Makes the authority's own certificate in a folder, and that of who signed it. */
export async function certify(folder) {
  const file = (name) => path.join(folder, name);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const ca = ["-keyout", file("ca.key"), "-out", file("ca.pem"), "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"];
  await run("openssl", ["req", "-x509", ...key, "-days", "2", "-subj", "/CN=authority", ...ca]);
  await run("openssl", ["req", ...key, "-keyout", file("own.key"), "-out", file("own.csr"), "-subj", "/CN=localhost"]);
  await fs.writeFile(file("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n");
  const signed = ["-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", file("names")];
  await run("openssl", ["x509", "-req", "-in", file("own.csr"), ...signed, "-out", file("own.pem")]);
}
