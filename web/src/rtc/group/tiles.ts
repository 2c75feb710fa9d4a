// What is on the screen of a group call: one tile for each participant, in the order of joining.

import type { ParticipantId, PauseWhy, Quality, QualityWhy } from "../../api/group";
import type { UserId } from "../../api/wire";

/** A picture of a participant. `starting`: its first frame is on the way, what the track shows may be old. */
export interface GroupPicture {
  track: MediaStreamTrack;
  state: "playing" | "starting" | PauseWhy;
  /** Which simulcast layer is received, 0 the smallest; null if unknown, or one's own. */
  layer: number | null;
}

export interface GroupTile {
  /** Of the joining; changes when somebody comes back after a loss. `userId` stays: it is the key of a tile. */
  participantId: ParticipantId;
  userId: UserId;
  username: string;
  /** This device. */
  self: boolean;
  state: "connecting" | "connected" | "lost";
  muted: boolean;
  mutedBy: UserId | null;
  speaking: boolean;
  quality: Quality;
  qualityWhy: QualityWhy | null;
  /** Null while the camera is off. */
  camera: GroupPicture | null;
  screen: GroupPicture | null;
}

/** What is shown and how large, in pixels of the device. */
export interface ShownTile {
  participantId: ParticipantId;
  source: "camera" | "screen";
  width: number;
  height: number;
}

/** A remote voice or sound; each wants a media element of its own. `key` stays while the track does. */
export interface GroupSound {
  key: string;
  track: MediaStreamTrack;
}
