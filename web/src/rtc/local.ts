// The microphone and the camera that a call has open: muted, switched, replaced, and given on to the call that follows.

import { MediaError, type Devices } from "./devices";

export interface LocalState {
  muted: boolean;
  /** What this side shows. */
  camera: MediaStreamTrack | null;
  /** The camera was wanted and could not be had. */
  cameraFault: boolean;
  /** The microphone was stopListingged and there is no other. */
  microphoneLost: boolean;
}

export const NOTHING_OPEN: LocalState = { muted: false, camera: null, cameraFault: false, microphoneLost: false };

/** Open devices on their way from one call to another. */
export interface Handover {
  microphone: MediaStreamTrack;
  camera: MediaStreamTrack | null;
  muted: boolean;
}

export interface LocalOptions {
  devices: Pick<Devices, "open" | "microphone" | "camera" | "onChosen" | "onListed">;
  onState(state: LocalState): void;
  /** Another track is to be sent than the one that was opened; null: no picture. */
  onMicrophone(track: MediaStreamTrack): void;
  onCamera(track: MediaStreamTrack | null): void;
}

export interface Local {
  state(): LocalState;
  microphone(): MediaStreamTrack | null;
  /** Resolves to false if it was released meanwhile. Rejects with `MediaError`. */
  open(camera: boolean): Promise<boolean>;
  setMuted(muted: boolean): void;
  setCamera(on: boolean): Promise<void>;
  /** Gives what is open away; it stays open, and is no longer this one's to close. Null if nothing is open. */
  give(): Handover | null;
  take(given: Handover): void;
  release(): void;
  close(): void;
}

export function createLocal({ devices, onState, onMicrophone, onCamera }: LocalOptions): Local {
  let state = NOTHING_OPEN;
  let microphone: MediaStreamTrack | null = null;
  /** Counts what was opened and let go: what was asked for before is closed when it comes. */
  let turn = 0;

  function set(change: Partial<LocalState>): void {
    state = { ...state, ...change };
    onState(state);
  }

  function keepMicrophone(track: MediaStreamTrack): void {
    microphone = track;
    track.enabled = !state.muted;
    // One that is stopListingged in mid-call gives way to another one, if there is one.
    track.onended = () => void replaceMicrophone(true);
  }

  async function replaceMicrophone(lost: boolean): Promise<void> {
    const mine = turn;
    const old = microphone;
    try {
      const next = await devices.microphone();
      if (mine !== turn || microphone !== old) return next.stop();
      if (old) discard(old);
      keepMicrophone(next);
      onMicrophone(next);
      set({ microphoneLost: false });
    } catch (error) {
      faultOf(error);
      if (mine === turn && microphone === old) set({ microphoneLost: lost });
    }
  }

  function keepCamera(track: MediaStreamTrack): void {
    track.onended = () => {
      if (state.camera !== track) return;
      onCamera(null);
      set({ camera: null, cameraFault: true });
    };
  }

  async function openCamera(): Promise<void> {
    const mine = turn;
    try {
      const track = await devices.camera();
      if (mine !== turn || state.camera) return track.stop();
      keepCamera(track);
      onCamera(track);
      set({ camera: track, cameraFault: false });
    } catch (error) {
      faultOf(error);
      if (mine === turn) set({ cameraFault: true });
    }
  }

  function closeCamera(): void {
    if (!state.camera) return;
    discard(state.camera);
    onCamera(null);
    set({ camera: null });
  }

  const stopListing = devices.onListed(() => {
    if (microphone && state.microphoneLost) void replaceMicrophone(true);
  });
  const stopChoosing = devices.onChosen((kind) => {
    if (kind === "microphone" && microphone) void replaceMicrophone(state.microphoneLost);
    // Few phones open two cameras at once.
    if (kind === "camera" && state.camera) {
      closeCamera();
      void openCamera();
    }
  });

  function forget(): void {
    turn += 1;
    microphone = null;
    if (state !== NOTHING_OPEN) {
      state = NOTHING_OPEN;
      onState(state);
    }
  }

  function release(): void {
    if (microphone) discard(microphone);
    if (state.camera) discard(state.camera);
    forget();
  }

  return {
    state: () => state,
    microphone: () => microphone,
    async open(camera) {
      const mine = turn;
      const opened = await devices.open(camera);
      if (mine !== turn) {
        opened.microphone.stop();
        opened.camera?.stop();
        return false;
      }
      keepMicrophone(opened.microphone);
      if (opened.camera) keepCamera(opened.camera);
      set({ camera: opened.camera, cameraFault: camera && opened.camera === null, microphoneLost: false });
      return true;
    },
    setMuted(muted) {
      if (microphone) microphone.enabled = !muted;
      set({ muted });
    },
    setCamera(on) {
      if (on && !state.camera) return openCamera();
      if (!on) closeCamera();
      return Promise.resolve();
    },
    give() {
      if (!microphone) return null;
      const given: Handover = { microphone, camera: state.camera, muted: state.muted };
      forget();
      return given;
    },
    take({ microphone: given, camera, muted }) {
      release();
      state = { ...NOTHING_OPEN, muted };
      keepMicrophone(given);
      if (camera) keepCamera(camera);
      set({ camera });
    },
    release,
    close() {
      stopListing();
      stopChoosing();
      release();
    },
  };
}

/** Closes a track without taking its end for a loss. */
function discard(track: MediaStreamTrack): void {
  track.onended = null;
  track.stop();
}

function faultOf(reason: unknown): MediaError["fault"] {
  if (reason instanceof MediaError) return reason.fault;
  throw reason;
}
