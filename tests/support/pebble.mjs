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
    await authority.certify();
    const [port, management, dns, dnsManagement] = await Promise.all(["tcp", "tcp", "both", "tcp"].map(freePort));
    authority.directory = `https://127.0.0.1:${port}/dir`;
    authority.roots = `https://127.0.0.1:${management}/roots/0`;
    const pebble = {
      listenAddress: `127.0.0.1:${port}`, managementListenAddress: `127.0.0.1:${management}`,
      certificate: authority.file("own.pem"), privateKey: authority.file("own.key"),
      httpPort, tlsPort, ocspResponderURL: "", externalAccountBindingRequired: false, certificateValidityPeriod: validity,
    };
    await fs.writeFile(authority.file("config.json"), JSON.stringify({ pebble }));
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

  async certify() {
    const ca = ["-keyout", this.file("ca.key"), "-out", this.rootFile, "-addext", "basicConstraints=critical,CA:TRUE"];
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    await run("openssl", ["req", "-x509", ...key, "-days", "2", "-subj", "/CN=authority", ...ca, "-addext", "keyUsage=critical,keyCertSign"]);
    const own = ["-keyout", this.file("own.key"), "-out", this.file("own.csr"), "-subj", "/CN=localhost"];
    await run("openssl", ["req", ...key, ...own]);
    await fs.writeFile(this.file("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n");
    const signed = ["-CA", this.rootFile, "-CAkey", this.file("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", this.file("names")];
    await run("openssl", ["x509", "-req", "-in", this.file("own.csr"), ...signed, "-out", this.file("own.pem")]);
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
