// For tests: a peer connection and tracks with the states of the standard, and nothing behind them.

import type { Description } from "../../api/wire";

export class FakeTrack {
  enabled = true;
  stopped = false;
  readyState = "live";
  onended: (() => void) | null = null;
  constructor(
    readonly kind: "audio" | "video",
    readonly name: string = kind,
    private readonly settings: MediaTrackSettings = {},
  ) {}

  stop(): void {
    this.stopped = true;
  }

  getSettings(): MediaTrackSettings {
    return this.settings;
  }

  as(): MediaStreamTrack {
    return this as never;
  }
}

export class FakeTransceiver {
  mid: string | null = null;
  currentDirection: string | null = null;
  stopped = false;
  private parameters: { encodings: RTCRtpEncodingParameters[] };
  readonly receiver: { track: FakeTrack };
  readonly sender: {
    track: unknown;
    replaceTrack(track: unknown): Promise<void>;
    getParameters(): { encodings: RTCRtpEncodingParameters[] };
    setParameters(next: { encodings: RTCRtpEncodingParameters[] }): Promise<void>;
  };

  constructor(
    readonly kind: "audio" | "video",
    track: unknown,
    public direction: string,
    encodings: RTCRtpEncodingParameters[] = [],
  ) {
    this.parameters = { encodings: encodings.map((each) => ({ active: true, ...each })) };
    this.receiver = { track: new FakeTrack(kind, `remote ${kind}`) };
    this.sender = {
      track,
      replaceTrack: (next) => {
        this.sender.track = next;
        return Promise.resolve();
      },
      getParameters: () => structuredClone(this.parameters),
      setParameters: (next) => {
        this.parameters = next;
        return Promise.resolve();
      },
    };
  }

  get scales(): (number | undefined)[] {
    return this.parameters.encodings.filter((each) => each.active).map((each) => each.scaleResolutionDownBy);
  }

  get active(): boolean[] {
    return this.parameters.encodings.map((each) => each.active ?? true);
  }

  setCodecPreferences(): void {}

  stop(): void {
    this.stopped = true;
  }
}

/** An offer of the fake server opens one seat for each mid it names: `seats a1 v2`. */
export class FakeConnection {
  signalingState: RTCSignalingState = "stable";
  connectionState: RTCPeerConnectionState = "new";
  localDescription: Description | null = null;
  transceivers: FakeTransceiver[] = [];
  restarts = 0;
  taken: string[] = [];
  closed = false;
  onconnectionstatechange: (() => void) | null = null;
  private offers = 0;
  private answers = 0;

  as(): RTCPeerConnection {
    return this as never;
  }

  addTransceiver(track: FakeTrack | "audio" | "video", init: { direction: string; sendEncodings?: RTCRtpEncodingParameters[] }): FakeTransceiver {
    const kind = typeof track === "string" ? track : track.kind;
    const made = new FakeTransceiver(kind, typeof track === "string" ? null : track, init.direction, init.sendEncodings);
    this.transceivers.push(made);
    return made;
  }

  getTransceivers(): FakeTransceiver[] {
    return this.transceivers;
  }

  setLocalDescription(description?: { type: string }): Promise<void> {
    if (description?.type === "rollback") {
      this.signalingState = "stable";
      for (const each of this.transceivers) if (each.currentDirection === null) each.mid = null;
      return Promise.resolve();
    }
    if (this.signalingState === "have-remote-offer") {
      this.localDescription = { type: "answer", sdp: `our answer ${(this.answers += 1)}` };
      this.signalingState = "stable";
      return Promise.resolve();
    }
    this.transceivers.forEach((each, index) => (each.mid ??= String(index)));
    this.localDescription = { type: "offer", sdp: `our offer ${(this.offers += 1)}` };
    this.signalingState = "have-local-offer";
    return Promise.resolve();
  }

  setRemoteDescription({ type, sdp }: Description): Promise<void> {
    const wanted = type === "offer" ? "stable" : "have-local-offer";
    if (this.signalingState !== wanted) return Promise.reject(new Error(`${type} in ${this.signalingState}`));
    this.taken.push(sdp);
    if (type === "answer") {
      for (const each of this.transceivers) each.currentDirection ??= each.direction;
    } else {
      for (const [, kind, mid] of sdp.matchAll(/\b([av])(\d+)/g)) this.seat(kind === "a" ? "audio" : "video", `${kind}${mid}`);
    }
    this.signalingState = type === "offer" ? "have-remote-offer" : "stable";
    return Promise.resolve();
  }

  getStats(): Promise<RTCStatsReport> {
    return Promise.resolve(new Map() as never);
  }

  restartIce(): void {
    this.restarts += 1;
  }

  close(): void {
    this.closed = true;
    this.signalingState = "closed";
  }

  goes(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }

  private seat(kind: "audio" | "video", mid: string): void {
    if (this.transceivers.some((each) => each.mid === mid)) return;
    const made = new FakeTransceiver(kind, null, "recvonly");
    made.mid = mid;
    made.currentDirection = "recvonly";
    this.transceivers.push(made);
  }
}

export const settle = async (): Promise<void> => {
  for (let i = 0; i < 100; i += 1) await Promise.resolve();
};
