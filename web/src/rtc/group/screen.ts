// The screen that is shared in a call, with its sound, until one stops it here or in the browser's own bar.

import { ApiError } from "../../api/failure";
import type { Devices, Screen } from "../devices";

export interface ScreenShare {
  picture(): MediaStreamTrack | null;
  /** Rejects with `ApiError` or `MediaError`; a choice that was called off is no fault. */
  share(): Promise<void>;
  stop(): void;
  /** Publishes it on a new connection. */
  renew(): void;
}

export interface ScreenShareOptions {
  devices: Pick<Devices, "screen">;
  /** Rejects with `ApiError`, `network` if it is offered again later. */
  publish(screen: Screen | null): Promise<void>;
  /** False when the call has ended while one chose. */
  wanted(): boolean;
  onChange(): void;
}

export function createScreenShare({ devices, publish, wanted, onChange }: ScreenShareOptions): ScreenShare {
  let screen: Screen | null = null;

  function close(shown: Screen): void {
    shown.picture.onended = null;
    shown.picture.stop();
    shown.sound?.stop();
  }

  function stop(): void {
    if (!screen) return;
    close(screen);
    screen = null;
    publish(null).catch(forgive);
    onChange();
  }

  async function offer(shown: Screen): Promise<void> {
    try {
      await publish(shown);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 0) return;
      if (screen === shown) stop();
      throw error;
    }
  }

  return {
    picture: () => screen?.picture ?? null,
    async share() {
      const shown = await devices.screen();
      if (!shown) return;
      if (!wanted()) return close(shown);
      if (screen) close(screen);
      screen = shown;
      shown.picture.onended = stop;
      onChange();
      await offer(shown);
    },
    stop,
    renew() {
      if (screen) offer(screen).catch(forgive);
    },
  };
}

/** The server is told again with the next offer. */
function forgive(error: unknown): void {
  if (!(error instanceof ApiError)) throw error;
}
