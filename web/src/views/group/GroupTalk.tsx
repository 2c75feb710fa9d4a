// A group call that goes on.

import { createEffect, createSignal, onCleanup, Show } from "solid-js";
import type { GroupPhase } from "../../stores/group";
import { useHome } from "../context";
import { createFullScreen } from "../fullScreen";
import { Alone } from "./Alone";
import { DeviceSheet } from "./DeviceSheet";
import { GroupAnnouncer } from "./GroupAnnouncer";
import { GroupHeader, type GroupHeaderProps } from "./GroupHeader";
import { GroupNotes } from "./GroupNotes";
import { GroupTray } from "./GroupTray";
import { PeoplePanel } from "./PeoplePanel";
import { Pictures } from "./Pictures";
import { createStageView } from "./stageView";

/** Long enough to be read twice. */
const FAULT_MS = 8_000;

export interface GroupTalkProps extends Pick<GroupHeaderProps, "title" | "onFold" | "chat"> {
  phase: Extract<GroupPhase, { kind: "active" }>;
}

export function GroupTalk(props: GroupTalkProps) {
  const { group } = useHome();
  const view = createStageView(group.participants);
  const full = createFullScreen();
  const [open, setOpen] = createSignal<"people" | "devices" | null>(null);
  const [fault, setFault] = createSignal("");
  createEffect(() => {
    if (!fault()) return;
    const timer = window.setTimeout(() => setFault(""), FAULT_MS);
    onCleanup(() => window.clearTimeout(timer));
  });
  const alone = (): boolean => group.participants().every((tile) => tile.self);
  return (
    <>
      <GroupHeader title={props.title} since={props.phase.since} view={view} full={full} onFold={props.onFold} chat={props.chat} />
      <div class="pictures">
        <Show when={alone()} fallback={<Pictures view={view} />}>
          <Alone onInvite={() => setOpen("people")} />
        </Show>
        <GroupNotes link={props.phase.link} alone={alone()} fault={fault()} />
      </div>
      <GroupTray
        onPeople={() => setOpen("people")}
        onDevices={() => setOpen("devices")}
        onFull={() => full.isPossible && full.toggle()}
        onFault={setFault}
      />
      <GroupAnnouncer />
      <PeoplePanel open={open() === "people"} onClose={() => setOpen(null)} />
      <DeviceSheet open={open() === "devices"} onClose={() => setOpen(null)} />
    </>
  );
}
