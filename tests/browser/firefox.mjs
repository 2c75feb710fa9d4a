// Firefox without a sound device: fake consent, loopback candidates, and not one request of its own.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import puppeteer from "puppeteer-core";

const PREFERENCES = {
  "media.navigator.streams.fake": true,
  "media.navigator.permission.disabled": true,
  "media.peerconnection.ice.loopback": true,
  "media.peerconnection.ice.obfuscate_host_addresses": false,
  "media.cubeb.force_mock_context": true,
  "media.autoplay.default": 0,
  "media.autoplay.blocking_policy": 0,
  "media.gmp-manager.updateEnabled": false,
  "network.proxy.type": 0,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "app.normandy.enabled": false,
  "browser.safebrowsing.malware.enabled": false,
  "browser.safebrowsing.phishing.enabled": false,
  "services.settings.server": "data:,#remote-settings-dummy/v1",
  "dom.push.connection.enabled": false,
};

/**
 * Starts it with a profile of its own in `profile`, which may have an NSS database with authorities to trust. `executablePath` makes
 * another program out of the one that is here; `port` is where it is driven, if not at a free one.
 */
export async function openFirefox(profile, { executablePath = (own) => own, port } = {}) {
  return puppeteer.launch({
    browser: "firefox", executablePath: await executablePath(await executable()), headless: true, userDataDir: profile, debuggingPort: port,
    extraPrefsFirefox: PREFERENCES, timeout: 120_000, protocolTimeout: 60_000,
    env: { ...process.env, HOME: profile, MOZ_DISABLE_CONTENT_SANDBOX: "1" },
  });
}

async function executable() {
  if (process.env.FIREFOX) return process.env.FIREFOX;
  for (const name of ["firefox-esr", "firefox"]) {
    const found = await promisify(execFile)("which", [name]).catch(() => null);
    if (found) return found.stdout.trim();
  }
  throw new Error("Firefox is missing: `make test` installs it");
}
