import { describe, expect, it } from "vitest";
import { createDevices, MediaError, NOTHING_CHOSEN, type ChosenDevices } from "./devices";

const track = (kind: string) => ({ kind, contentHint: "", stop() {} });

/** A browser with devices that may be asked for. */
function browser(options: { fault?: string; screenSound?: boolean } = {}) {
  const asked: MediaStreamConstraints[] = [];
  let stored: ChosenDevices = NOTHING_CHOSEN;
  const stream = (audio: boolean, video: boolean) => ({
    getAudioTracks: () => (audio ? [track("audio")] : []),
    getVideoTracks: () => (video ? [track("video")] : []),
  });
  const refuse = () => Promise.reject(new DOMException("no", options.fault));
  const media = {
    getUserMedia: (constraints: MediaStreamConstraints) => {
      asked.push(constraints);
      return options.fault ? refuse() : Promise.resolve(stream(Boolean(constraints.audio), Boolean(constraints.video)));
    },
    getDisplayMedia: () => (options.fault ? refuse() : Promise.resolve(stream(options.screenSound ?? false, true))),
    enumerateDevices: () =>
      Promise.resolve([
        { kind: "audioinput", deviceId: "m1", label: "Headset" },
        { kind: "videoinput", deviceId: "", label: "" },
        { kind: "audiooutput", deviceId: "s1", label: "Speakers" },
      ]),
    addEventListener: () => {},
    removeEventListener: () => {},
  };
  const make = () =>
    createDevices({ media: media as never, storage: { read: () => stored, write: (chosen) => void (stored = chosen) } });
  return { devices: make(), make, asked };
}

describe("the devices of a machine", () => {
  it("are opened as they were chosen, also after a reload", async () => {
    const { devices, make, asked } = browser();
    devices.choose("microphone", "m1");
    devices.choose("camera", "c1");
    await make().open(true);
    expect(asked[0]).toMatchObject({ audio: { deviceId: { ideal: "m1" }, echoCancellation: true }, video: { deviceId: { ideal: "c1" } } });
  });

  it("tell of a choice once, to whoever has one open", () => {
    const { devices } = browser();
    const heard: string[] = [];
    const stop = devices.onChosen((kind) => heard.push(kind));
    devices.choose("camera", "c1");
    devices.choose("camera", "c1");
    stop();
    devices.choose("camera", null);
    expect(heard).toEqual(["camera"]);
  });

  it("are listed once the browser gives their names", async () => {
    expect(await browser().devices.list()).toEqual([
      { kind: "microphone", id: "m1", label: "Headset" },
      { kind: "speaker", id: "s1", label: "Speakers" },
    ]);
  });

  it("give sound without a camera, and say why there is no sound", async () => {
    const { devices, asked } = browser({ fault: "NotAllowedError" });
    await expect(devices.open(true)).rejects.toEqual(new MediaError("denied"));
    expect(asked.map((constraints) => constraints.video !== undefined)).toEqual([true, false]);
  });

  it("share a screen with or without its sound", async () => {
    expect((await browser({ screenSound: true }).devices.screen())?.sound).not.toBeNull();
    const silent = await browser().devices.screen();
    expect(silent?.sound).toBeNull();
    expect(silent?.picture.contentHint).toBe("detail");
  });

  it("take a choice of a screen that was called off for no fault", async () => {
    expect(await browser({ fault: "NotAllowedError" }).devices.screen()).toBeNull();
    await expect(browser({ fault: "NotReadableError" }).devices.screen()).rejects.toThrow("in_use");
  });

  it("cannot be had outside of a secure context", async () => {
    const devices = createDevices({ media: undefined, storage: { read: () => NOTHING_CHOSEN, write: () => {} } });
    await expect(devices.open(false)).rejects.toThrow("insecure");
    expect(devices.canShare()).toBe(false);
    expect(await devices.list()).toEqual([]);
  });
});
