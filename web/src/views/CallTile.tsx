// A call of two, folded.

import { createMemo, Show } from "solid-js";
import { useI18n } from "../i18n";
import { Avatar } from "../ui/Avatar";
import { useHome } from "./context";
import { FoldedTile } from "./FoldedTile";
import { Picture } from "./Picture";

export function CallTile(props: { onUnfold(): void }) {
  const { call } = useHome();
  const { t } = useI18n();
  const peer = createMemo(() => {
    const phase = call.phase();
    return phase.kind === "idle" ? null : phase.peer;
  });
  const since = (): number | null => {
    const phase = call.phase();
    return phase.kind === "active" ? phase.since : null;
  };
  return (
    <Show when={peer()}>
      {(person) => (
        <FoldedTile
          name={person().username}
          unfoldLabel={t("call.unfold", { name: person().username })}
          endLabel={t("call.hangup")}
          testId="call-tile"
          microphone={since() === null ? null : { muted: call.media().muted, toggle: () => call.setMuted(!call.media().muted) }}
          since={since()}
          onUnfold={() => props.onUnfold()}
          onEnd={() => call.hangUp()}
        >
          <Show
            when={call.media().remote.video}
            fallback={<Avatar id={person().id} name={person().username} size={64} />}
          >
            {(track) => <Picture class="fill" track={track()} label={t("call.video_of", { name: person().username })} />}
          </Show>
        </FoldedTile>
      )}
    </Show>
  );
}
