// The group call of this device: the room before it, the way in, the call, and how it ended.

import { createMemo, Match, onMount, Show, Switch } from "solid-js";
import { useI18n } from "../../i18n";
import { CallButton } from "../../ui/CallButton";
import { ChatAvatar } from "../ChatAvatar";
import { useHome } from "../context";
import { FoldButton } from "../FoldButton";
import { isTyping } from "../keys";
import { GreenRoom } from "./GreenRoom";
import type { GroupHeaderProps } from "./GroupHeader";
import { GroupOver } from "./GroupOver";
import { GroupTalk } from "./GroupTalk";
import { useCallTitle } from "./names";

export function GroupStage(props: Pick<GroupHeaderProps, "onFold" | "chat">) {
  const { group } = useHome();
  const titleOf = useCallTitle();
  const title = (): string => {
    const phase = group.phase();
    return phase.kind === "idle" ? "" : titleOf(phase.chat);
  };
  const ready = createMemo(() => phaseOf("ready"));
  const joining = createMemo(() => phaseOf("joining"));
  const active = createMemo(() => phaseOf("active"));
  const over = createMemo(() => phaseOf("over"));
  let stage!: HTMLElement;
  // The button that was pressed is gone; whoever goes by keyboard goes on from here.
  onMount(() => !stage.contains(document.activeElement) && !isTyping() && stage.focus({ preventScroll: true }));
  return (
    <main
      class="pane main stage group-stage"
      ref={stage}
      tabindex="-1"
      aria-label={title()}
      data-testid="group-stage"
      data-phase={group.phase().kind}
    >
      <Switch>
        <Match when={ready()}>{(phase) => <GreenRoom phase={phase()} title={title()} />}</Match>
        <Match when={joining()}>{(phase) => <Joining chat={phase().chat} title={title()} onFold={props.onFold} />}</Match>
        <Match when={active()}>
          {(phase) => <GroupTalk phase={phase()} title={title()} onFold={props.onFold} chat={props.chat} />}
        </Match>
        <Match when={over()}>{(phase) => <GroupOver phase={phase()} title={title()} />}</Match>
      </Switch>
    </main>
  );

  function phaseOf<Kind extends ReturnType<typeof group.phase>["kind"]>(kind: Kind) {
    const phase = group.phase();
    return phase.kind === kind ? (phase as Extract<typeof phase, { kind: Kind }>) : null;
  }
}

function Joining(props: { chat: string; title: string; onFold(): void }) {
  const { chats, group } = useHome();
  const { t } = useI18n();
  const row = () => chats.row(props.chat);
  return (
    <>
      <header class="top">
        <FoldButton testId="group-fold" onFold={props.onFold} />
      </header>
      <div class="centre">
        <div class="calm">
          <Show when={row()}>{(chat) => <ChatAvatar chat={chat()} size={112} />}</Show>
        </div>
        <h1>{props.title}</h1>
        <p class="status" role="status">
          {t("stage.joining")}
        </p>
      </div>
      <div class="tray" role="toolbar" aria-label={t("call.controls")}>
        <CallButton icon="end" look="end" text={t("call.cancel")} testId="group-leave" onClick={() => group.leave()} />
      </div>
    </>
  );
}
