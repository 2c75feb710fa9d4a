// A group call, folded: whoever speaks, else a screen, else whoever has a picture.

import { createMemo, Show } from "solid-js";
import { useI18n } from "../../i18n";
import type { UserId } from "../../api/wire";
import type { GroupPicture, GroupTile } from "../../stores/group";
import { Avatar } from "../../ui/Avatar";
import { ChatAvatar } from "../ChatAvatar";
import { useHome } from "../context";
import { FoldedTile } from "../FoldedTile";
import { Picture } from "../Picture";
import { useShown } from "./context";
import { useCallTitle } from "./names";
import { watchPicture } from "./shown";
import { isSeen } from "./words";

interface Seen {
  participantId: string;
  source: "camera" | "screen";
  user: UserId;
  name: string;
  picture: GroupPicture;
}

export function GroupFolded(props: { onUnfold(): void }) {
  const { chats, group } = useHome();
  const { t } = useI18n();
  const titleOf = useCallTitle();
  const chat = (): string => {
    const phase = group.phase();
    return phase.kind === "idle" ? "" : phase.chat;
  };
  const active = createMemo(() => {
    const phase = group.phase();
    return phase.kind === "active" ? phase : null;
  });
  const seen = createMemo<Seen | null>(
    (last) => seenOf(group.participants(), last),
    null,
    { equals: (a, b) => a?.picture.track === b?.picture.track && a?.participantId === b?.participantId && a?.picture.state === b?.picture.state },
  );
  let frame!: HTMLSpanElement;
  watchPicture(useShown(), () => frame, seen);
  return (
    <FoldedTile
      name={titleOf(chat())}
      unfoldLabel={t("group.unfold", { name: titleOf(chat()) })}
      endLabel={t("group.leave")}
      testId="group-tile-folded"
      microphone={active() ? { muted: group.self().muted, toggle: () => group.setMuted(!group.self().muted) } : null}
      since={active()?.since ?? null}
      onUnfold={() => props.onUnfold()}
      onEnd={() => (active() ? group.leave() : group.dismiss())}
    >
      <span class="frame-in" ref={frame}>
        <Show when={seen()} fallback={<Show when={chats.row(chat())}>{(row) => <ChatAvatar chat={row()} size={64} />}</Show>}>
          {(one) => (
            <>
              <Avatar id={one().user} name={one().name} size={64} />
              <Picture
                class={isSeen(one().picture) ? "fill" : "fill unseen"}
                track={one().picture.track}
                label={t("tile.video", { name: one().name })}
              />
            </>
          )}
        </Show>
      </span>
    </FoldedTile>
  );
}

/** The last one stays while nobody else speaks. */
function seenOf(participants: readonly GroupTile[], last: Seen | null): Seen | null {
  const all = participants.filter((tile) => !tile.self).flatMap(picturesOf);
  const speaking = participants.find((tile) => tile.speaking && !tile.self)?.participantId;
  const cameras = all.filter((seen) => seen.source === "camera");
  return (
    cameras.find((seen) => seen.participantId === speaking) ??
    all.find((seen) => seen.participantId === last?.participantId && seen.source === last.source) ??
    all.find((seen) => seen.source === "screen") ??
    cameras[0] ??
    null
  );
}

/** A picture that was only just hidden comes back when it is looked at again. */
function picturesOf({ participantId, userId: user, username: name, camera, screen }: GroupTile): Seen[] {
  const seen: Seen[] = [];
  if (camera && camera.state !== "codec") seen.push({ participantId, source: "camera", user, name, picture: camera });
  if (screen && screen.state !== "codec") seen.push({ participantId, source: "screen", user, name, picture: screen });
  return seen;
}
