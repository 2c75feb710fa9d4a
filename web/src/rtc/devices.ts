// Microphones, cameras and speakers of this machine: which there are, which are chosen, and why one cannot be had.

import type { MediaFault } from "./call";

export class MediaError extends Error {
  constructor(readonly fault: MediaFault) {
    super(fault);
    this.name = "MediaError";
  }
}

export type DeviceKind = "microphone" | "camera" | "speaker";

export interface Device {
  kind: DeviceKind;
  id: string;
  /** Empty until a page was allowed to use a device of this kind. */
  label: string;
}

/** Null: whatever the system takes by default. */
export type ChosenDevices = Readonly<Record<DeviceKind, string | null>>;

export interface OpenDevices {
  microphone: MediaStreamTrack;
  /** Null if none was wanted, or none can be had. */
  camera: MediaStreamTrack | null;
}

export interface Screen {
  picture: MediaStreamTrack;
  /** Null where the browser or the choice gives none. */
  sound: MediaStreamTrack | null;
}

export interface Devices {
  /** Asks once for all that is wanted; without a camera a call still has sound. Rejects with `MediaError`. */
  open(camera: boolean): Promise<OpenDevices>;
  microphone(): Promise<MediaStreamTrack>;
  camera(): Promise<MediaStreamTrack>;
  /** Lets the person choose what to show; null if that was called off. */
  screen(): Promise<Screen | null>;
  canShare(): boolean;

  list(): Promise<readonly Device[]>;
  chosen(): ChosenDevices;
  choose(kind: DeviceKind, id: string | null): void;
  /** Calls `heard` when another device is chosen: whoever has one of that kind open takes the other. */
  onChosen(heard: (kind: DeviceKind) => void): () => void;
  /** Calls `heard` when a device is plugged in or out. */
  onListed(heard: () => void): () => void;
}

export interface DevicesOptions {
  /** Browsers give devices to secure contexts alone. */
  media: MediaDevices | undefined;
  storage: { read(): ChosenDevices; write(chosen: ChosenDevices): void };
}

const MICROPHONE: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const CAMERA: MediaTrackConstraints = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
/** What browsers know beyond the types of TypeScript. */
type SharingOptions = DisplayMediaStreamOptions & {
  audio: MediaTrackConstraints & { restrictOwnAudio: boolean };
  selfBrowserSurface: "exclude" | "include";
  surfaceSwitching: "exclude" | "include";
};

/** Text must be sharp; 15 pictures a second are enough for it. The voices of the call itself are no part of its sound. */
const SCREEN: SharingOptions = {
  video: { width: { max: 1920 }, height: { max: 1080 }, frameRate: { ideal: 15, max: 15 } },
  audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false, restrictOwnAudio: true },
  selfBrowserSurface: "exclude",
  surfaceSwitching: "include",
};
export const NOTHING_CHOSEN: ChosenDevices = { microphone: null, camera: null, speaker: null };

export function createDevices({ media, storage }: DevicesOptions): Devices {
  let chosen = storage.read();
  const listeners = new Set<(kind: DeviceKind) => void>();

  // `ideal`, as a chosen device that is not plugged in today gives way to another.
  const microphone = (): MediaTrackConstraints => (chosen.microphone ? { ...MICROPHONE, deviceId: { ideal: chosen.microphone } } : MICROPHONE);
  const camera = (): MediaTrackConstraints =>
    chosen.camera ? { ...CAMERA, deviceId: { ideal: chosen.camera } } : { ...CAMERA, facingMode: "user" };

  async function capture(constraints: MediaStreamConstraints): Promise<MediaStream> {
    if (!media) throw new MediaError("insecure");
    try {
      return await media.getUserMedia(constraints);
    } catch (error) {
      throw new MediaError(faultOf(error));
    }
  }

  async function openBoth(withCamera: boolean): Promise<OpenDevices> {
    const stream = await capture(withCamera ? { audio: microphone(), video: camera() } : { audio: microphone() });
    return { microphone: one(stream.getAudioTracks()), camera: stream.getVideoTracks()[0] ?? null };
  }

  return {
    open: (withCamera) => (withCamera ? openBoth(true).catch(() => openBoth(false)) : openBoth(false)),
    microphone: async () => one((await capture({ audio: microphone() })).getAudioTracks()),
    camera: async () => one((await capture({ video: camera() })).getVideoTracks()),
    async screen() {
      if (!media) throw new MediaError("insecure");
      try {
        const stream = await media.getDisplayMedia(SCREEN);
        const picture = one(stream.getVideoTracks());
        picture.contentHint = "detail";
        const sound = stream.getAudioTracks()[0] ?? null;
        if (sound) sound.contentHint = "music";
        return { picture, sound };
      } catch (error) {
        const fault = faultOf(error);
        // Browsers do not tell who said no: the person in the dialogue, or the system.
        if (fault === "denied") return null;
        throw new MediaError(fault);
      }
    },
    // Phones have no such method.
    canShare: () => typeof (media as Partial<MediaDevices> | undefined)?.getDisplayMedia === "function",

    async list() {
      const found = media ? await media.enumerateDevices() : [];
      // Without permission a browser names one device of a kind, with neither id nor label; there is nothing to choose then.
      return found.filter(({ deviceId }) => deviceId !== "").map(({ kind, deviceId, label }) => ({ kind: KINDS[kind], id: deviceId, label }));
    },
    chosen: () => chosen,
    choose(kind, id) {
      if (chosen[kind] === id) return;
      chosen = { ...chosen, [kind]: id };
      storage.write(chosen);
      for (const heard of [...listeners]) heard(kind);
    },
    onChosen(heard) {
      listeners.add(heard);
      return () => listeners.delete(heard);
    },
    onListed(heard) {
      media?.addEventListener("devicechange", heard);
      return () => media?.removeEventListener("devicechange", heard);
    },
  };
}

const KINDS: Record<MediaDeviceKind, DeviceKind> = { audioinput: "microphone", videoinput: "camera", audiooutput: "speaker" };

function one(tracks: MediaStreamTrack[]): MediaStreamTrack {
  const track = tracks[0];
  if (!track) throw new MediaError("missing");
  return track;
}

function faultOf(error: unknown): MediaFault {
  if (error instanceof MediaError) return error.fault;
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "missing";
  return "in_use";
}
