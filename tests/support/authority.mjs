// An authority of one test alone, a certificate by it, and browsers that trust it. Needs openssl, and certutil of NSS.
import { execFile } from "node:child_process";
import fs from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Makes an authority in `folder`, and a certificate of `name` by it; returns the three files. */
export async function certificates(folder, name) {
  const at = (file) => path.join(folder, file);
  const openssl = (...argv) => run("openssl", argv, { cwd: folder });
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await openssl("req", "-x509", ...curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=authority of a test",
    "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign");
  await openssl("req", ...curve, "-keyout", "server.key", "-out", "server.csr", "-subj", `/CN=${name}`);
  await fs.writeFile(at("server.ext"), `subjectAltName=DNS:${name}\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n`);
  await openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-out", "server.pem",
    "-extfile", "server.ext");
  return { certificate: at("server.pem"), key: at("server.key"), authority: at("ca.pem") };
}

/** Lets Chromium trust `authority` if it is started with `home` for HOME. */
export async function trustAtHome(home, authority) {
  await trust(path.join(home, ".pki/nssdb"), authority);
}

/** Puts `authority` into the NSS database in `folder`; for Firefox that is its profile. */
export async function trust(folder, authority) {
  await fs.mkdir(folder, { recursive: true });
  await run("certutil", ["-d", `sql:${folder}`, "-N", "--empty-password"]);
  await run("certutil", ["-d", `sql:${folder}`, "-A", "-t", "C,,", "-n", "authority of a test", "-i", authority]);
}
