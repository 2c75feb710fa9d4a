// The devices to choose from, as signals. The choice is kept in this browser and taken by the living call at once.

import { createSignal, onCleanup, type Accessor } from "solid-js";
import { NOTHING_CHOSEN, type ChosenDevices, type Device, type DeviceKind, type Devices } from "../rtc/devices";

export type { ChosenDevices, Device, DeviceKind } from "../rtc/devices";

export interface DeviceStore {
  /** Empty until a page was allowed to use a device of the kind; then each has its label. */
  microphones: Accessor<readonly Device[]>;
  cameras: Accessor<readonly Device[]>;
  /** Empty where the browser always plays through the system's choice. */
  speakers: Accessor<readonly Device[]>;
  /** Null, or a device that is not plugged in: the system's choice is used. */
  chosen: Accessor<ChosenDevices>;
  choose(kind: DeviceKind, id: string | null): void;
  /** 0 to 1, of everything that is played in calls. */
  volume: Accessor<number>;
  setVolume(volume: number): void;
  /** Looks again: after a permission was given the labels are known. */
  refresh(): void;
}

export interface DeviceStoreOptions {
  devices: Devices;
  /** The browser can play through a device of one's choice. */
  canChooseSpeaker: boolean;
}

const VOLUME_KEY = "zvonilka.volume";

export function createDeviceStore({ devices, canChooseSpeaker }: DeviceStoreOptions): DeviceStore {
  const [list, setList] = createSignal<readonly Device[]>([]);
  const [chosen, setChosen] = createSignal(devices.chosen());
  const stored = Number(localStorage.getItem(VOLUME_KEY) ?? 1);
  const [volume, setVolume] = createSignal(stored >= 0 && stored <= 1 ? stored : 1);
  const of = (kind: DeviceKind): readonly Device[] => list().filter((device) => device.kind === kind);
  let asked = 0;

  async function refresh(): Promise<void> {
    const mine = (asked += 1);
    const found = await devices.list();
    if (mine === asked) setList(found);
  }

  const stops = [devices.onListed(() => void refresh()), devices.onChosen(() => setChosen(devices.chosen()))];
  onCleanup(() => {
    for (const stop of stops) stop();
  });
  void refresh();

  return {
    microphones: () => of("microphone"),
    cameras: () => of("camera"),
    speakers: () => (canChooseSpeaker ? of("speaker") : []),
    chosen,
    choose: devices.choose,
    volume,
    setVolume(next) {
      const fair = Math.min(Math.max(next, 0), 1);
      localStorage.setItem(VOLUME_KEY, String(fair));
      setVolume(fair);
    },
    refresh: () => void refresh(),
  };
}

const CHOSEN_KEY = "zvonilka.devices";

export const deviceStorage = {
  read(): ChosenDevices {
    const text = localStorage.getItem(CHOSEN_KEY);
    if (text === null) return NOTHING_CHOSEN;
    try {
      return { ...NOTHING_CHOSEN, ...(JSON.parse(text) as Partial<ChosenDevices>) };
    } catch {
      localStorage.removeItem(CHOSEN_KEY);
      return NOTHING_CHOSEN;
    }
  },
  write(chosen: ChosenDevices): void {
    localStorage.setItem(CHOSEN_KEY, JSON.stringify(chosen));
  },
};
