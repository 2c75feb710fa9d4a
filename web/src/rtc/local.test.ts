import { describe, expect, it } from "vitest";
import { MediaError, type DeviceKind } from "./devices";
import { createLocal, NOTHING_OPEN, type LocalState } from "./local";

class Track {
  enabled = true;
  stopped = false;
  onended: (() => void) | null = null;
  constructor(readonly name: string) {}
  stop(): void {
    this.stopped = true;
  }
}

/** A machine with devices that are opened, and a call that has them. */
class Machine {
  opened: Track[] = [];
  sent: string[] = [];
  state: LocalState = NOTHING_OPEN;
  fault: MediaError | null = null;
  private heard: (kind: DeviceKind) => void = () => {};
  private listed: () => void = () => {};

  readonly local = this.make();

  make() {
    return createLocal({
      devices: {
        open: async (camera) => ({ microphone: await this.give("microphone"), camera: camera ? await this.give("camera") : null }),
        microphone: () => this.give("microphone"),
        camera: () => this.give("camera"),
        onChosen: (heard) => {
          this.heard = heard;
          return () => {};
        },
        onListed: (heard) => {
          this.listed = heard;
          return () => {};
        },
      },
      onState: (state) => void (this.state = state),
      onMicrophone: (track) => this.sent.push((track as unknown as Track).name),
      onCamera: (track) => this.sent.push((track as unknown as Track | null)?.name ?? "no camera"),
    });
  }

  choose(kind: DeviceKind): void {
    this.heard(kind);
  }

  plugIn(): void {
    this.fault = null;
    this.listed();
  }

  track(name: string): Track {
    const found = this.opened.find((track) => track.name === name);
    if (!found) throw new Error(`${name} was not opened`);
    return found;
  }

  private give(kind: string): Promise<MediaStreamTrack> {
    if (this.fault) return Promise.reject(this.fault);
    const track = new Track(`${kind} ${this.opened.filter((each) => each.name.startsWith(kind)).length + 1}`);
    this.opened.push(track);
    return Promise.resolve(track as never);
  }
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
};

describe("the devices of a call", () => {
  it("take another microphone at once when one is chosen, muted as the first was", async () => {
    const machine = new Machine();
    await machine.local.open(false);
    machine.local.setMuted(true);
    machine.choose("microphone");
    await settle();
    expect(machine.sent).toEqual(["microphone 2"]);
    expect(machine.track("microphone 1").stopped).toBe(true);
    expect(machine.track("microphone 2").enabled).toBe(false);
  });

  it("keep the old microphone when the chosen one cannot be had", async () => {
    const machine = new Machine();
    await machine.local.open(false);
    machine.fault = new MediaError("in_use");
    machine.choose("microphone");
    await settle();
    expect(machine.track("microphone 1").stopped).toBe(false);
    expect(machine.state.microphoneLost).toBe(false);
  });

  it("close one camera before the other is opened", async () => {
    const machine = new Machine();
    await machine.local.open(true);
    machine.choose("camera");
    expect(machine.track("camera 1").stopped).toBe(true);
    await settle();
    expect(machine.sent).toEqual(["no camera", "camera 2"]);
  });

  it("open no camera because one is chosen while it is off", async () => {
    const machine = new Machine();
    await machine.local.open(false);
    machine.choose("camera");
    await settle();
    expect(machine.opened.map((track) => track.name)).toEqual(["microphone 1"]);
  });

  it("take the microphone again that is plugged in after it was lost, and no other while one works", async () => {
    const machine = new Machine();
    await machine.local.open(false);
    machine.plugIn();
    await settle();
    expect(machine.opened).toHaveLength(1);
    machine.fault = new MediaError("missing");
    machine.track("microphone 1").onended?.();
    await settle();
    expect(machine.state.microphoneLost).toBe(true);
    machine.plugIn();
    machine.plugIn();
    await settle();
    expect(machine.state.microphoneLost).toBe(false);
    expect(machine.sent).toEqual(["microphone 2"]);
  });

  it("say that the camera was unplugged", async () => {
    const machine = new Machine();
    await machine.local.open(true);
    machine.track("camera 1").onended?.();
    expect(machine.state).toMatchObject({ camera: null, cameraFault: true });
    expect(machine.sent).toEqual(["no camera"]);
  });

  it("go from one call to the next without being closed or opened again", async () => {
    const first = new Machine();
    await first.local.open(true);
    first.local.setMuted(true);
    const given = first.local.give();
    first.local.release();
    if (!given) throw new Error("nothing was open");
    const next = first.make();
    next.take(given);
    expect(first.opened.map((track) => track.stopped)).toEqual([false, false]);
    expect(next.state()).toMatchObject({ muted: true, camera: given.camera });
    next.release();
    expect(first.opened.map((track) => track.stopped)).toEqual([true, true]);
  });

  it("are closed when they come after the call is over", async () => {
    const machine = new Machine();
    const opening = machine.local.open(true);
    machine.local.release();
    expect(await opening).toBe(false);
    expect(machine.opened.every((track) => track.stopped)).toBe(true);
  });
});
