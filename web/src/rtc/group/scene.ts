// What is seen and heard of the call this device is in, kept through a change of its connection.

import type { GroupCall, ParticipantId } from "../../api/group";
import type { Connections } from "./connections";
import { roomOf, soundOf, tilesOf, type GroupSound, type GroupTile, type OwnPictures, type Room } from "./tiles";

export interface GroupScene {
  call: GroupCall | null;
  tiles: readonly GroupTile[];
  sounds: readonly GroupSound[];
  speakers: readonly ParticipantId[];
}

export const NO_SCENE: GroupScene = { call: null, tiles: [], sounds: [], speakers: [] };

export interface SceneOptions {
  connections: Pick<Connections, "current" | "sounds">;
  own(): OwnPictures;
  after(ms: number, task: () => void): () => void;
  onScene(scene: GroupScene): void;
}

export interface Scene {
  room(): Room | null;
  begin(call: GroupCall, participant: ParticipantId): void;
  change(next: (room: Room) => Room): void;
  /** The connection may soon be another one, or the server have forgotten who is there: what is on the screen stays. */
  hold(): void;
  /** It is the same connection, and the server knows who is there. */
  resume(): void;
  /** The new connection is heard. */
  settle(): void;
  /** Tracks, or one's own pictures, have changed. */
  show(): void;
  clear(): void;
}

/** Who does not come back after a loss is on the screen this long. */
const HELD_MS = 6_000;

export function createScene({ connections, own, after, onScene }: SceneOptions): Scene {
  let room: Room | null = null;
  /** The tiles of a connection that was lost. */
  let held: readonly GroupTile[] = [];
  let cancel: () => void = () => {};

  const remote = (mid: string): MediaStreamTrack | null => connections.current()?.remote(mid) ?? null;

  function show(): void {
    if (!room) return onScene(NO_SCENE);
    const now = room;
    const sounds = connections.sounds().map(({ key, track, mid }) => ({ key, track, ...soundOf(now, mid) }));
    onScene({ call: now.call, tiles: tilesOf(now, own(), remote, held), sounds, speakers: now.speakers });
  }

  return {
    room: () => room,
    begin(call, participant) {
      room = roomOf(call, participant);
      show();
    },
    change(next) {
      if (!room) return;
      room = next(room);
      show();
    },
    hold() {
      cancel();
      if (room) held = tilesOf(room, own(), remote, held);
    },
    resume() {
      cancel();
      held = [];
    },
    settle() {
      cancel();
      if (held.length > 0) {
        cancel = after(HELD_MS, () => {
          held = [];
          show();
        });
      }
      show();
    },
    show,
    clear() {
      cancel();
      room = null;
      held = [];
      show();
    },
  };
}
