// Microphone and camera of this device, and why one cannot be had.

import type { MediaFault } from "./call";

export class MediaError extends Error {
  constructor(readonly fault: MediaFault) {
    super(fault);
    this.name = "MediaError";
  }
}

export interface OpenDevices {
  microphone: MediaStreamTrack;
  /** Null if none was wanted, or none can be had. */
  camera: MediaStreamTrack | null;
}

export interface Devices {
  /** Asks once for all that is wanted; without a camera a call still has sound. Rejects with `MediaError`. */
  open(camera: boolean): Promise<OpenDevices>;
  camera(): Promise<MediaStreamTrack>;
}

const MICROPHONE: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const CAMERA: MediaTrackConstraints = { width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: "user" };

export function createDevices(): Devices {
  async function openBoth(camera: boolean): Promise<OpenDevices> {
    const stream = await capture(camera ? { audio: MICROPHONE, video: CAMERA } : { audio: MICROPHONE });
    const microphone = stream.getAudioTracks()[0];
    if (!microphone) throw new MediaError("missing");
    return { microphone, camera: stream.getVideoTracks()[0] ?? null };
  }

  return {
    open: (camera) => (camera ? openBoth(true).catch(() => openBoth(false)) : openBoth(false)),
    async camera() {
      const track = (await capture({ video: CAMERA })).getVideoTracks()[0];
      if (!track) throw new MediaError("missing");
      return track;
    },
  };
}

async function capture(constraints: MediaStreamConstraints): Promise<MediaStream> {
  // Browsers give devices to secure contexts alone.
  const media = navigator.mediaDevices as MediaDevices | undefined;
  if (!media) throw new MediaError("insecure");
  try {
    return await media.getUserMedia(constraints);
  } catch (error) {
    throw new MediaError(faultOf(error));
  }
}

function faultOf(error: unknown): MediaFault {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "missing";
  return "in_use";
}
