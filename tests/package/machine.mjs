// A machine with systemd, in namespaces: to install packages on. Needs root.
import { execFile, spawn } from "node:child_process";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { until } from "../support/server.mjs";

const run = promisify(execFile);

export class Machine {
  static async boot() {
    const machine = new Machine();
    machine.folder = await fs.mkdtemp(path.join(os.tmpdir(), "zvonilka-machine-"));
    const spaces = ["--fork", "--kill-child", "--pid", "--mount", "--uts", "--ipc", "--net", "--cgroup"];
    const boot = path.join(import.meta.dirname, "boot.sh");
    machine.process = spawn("unshare", [...spaces, "bash", boot, machine.folder], { stdio: ["ignore", "pipe", "pipe"] });
    process.on("exit", () => machine.process.kill("SIGKILL"));
    let said = "";
    for (const stream of [machine.process.stdout, machine.process.stderr]) stream.on("data", (data) => (said += data));
    try {
      machine.pid = await until("it has a first process", () => child(machine.process.pid), 10_000);
      await until("it runs", async () => ["running", "degraded"].includes((await machine.try("systemctl", "is-system-running")).out.trim()), 60_000);
    } catch (error) {
      await machine.stop();
      throw new Error(`${error.message}\n${said}`);
    }
    return machine;
  }

  /** Runs a command; returns its code and what it said. */
  async try(...command) {
    const inside = ["--target", String(this.pid), "--all", "--root", "--wdns=/", "env", "-i", "HOME=/root", `PATH=${process.env.PATH}`, ...command];
    return run("nsenter", inside, { maxBuffer: 1 << 24 }).then(
      ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
      (error) => ({ code: error.code, out: error.stdout ?? "", err: error.stderr ?? error.message }),
    );
  }

  /** As `try`, where nothing but success will do; returns what it printed. */
  async run(...command) {
    const { code, out, err } = await this.try(...command);
    if (code !== 0) throw new Error(`${command.join(" ")}: ${code}\n${out}\n${err}`);
    return out;
  }

  /** Starts what is to go on; it ends with the machine. */
  start(...command) {
    const inside = ["--target", String(this.pid), "--all", "--root", "--wdns=/", "env", "-i", `PATH=${process.env.PATH}`, ...command];
    return spawn("nsenter", inside, { stdio: "ignore" });
  }

  async stop() {
    this.process.kill("SIGKILL");
    // Its mounts go with the last of its processes.
    await until("it is gone", () => fs.rmdir(this.folder).then(() => true, () => false), 20_000);
  }
}

async function child(pid) {
  const children = await fs.readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return children.trim().split(" ")[0] || null;
}
