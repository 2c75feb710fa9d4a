// The door or the home, by whether someone is signed in.

import { createMemo, Match, Switch } from "solid-js";
import type { Api } from "../api/client";
import type { Tokens } from "../api/tokens";
import { useApp } from "./context";
import { Home } from "./Home";
import { Join } from "./Join";
import { SignIn } from "./SignIn";

export function App(props: { api: Api; tokens: Tokens }) {
  const { session, route } = useApp();
  const userId = createMemo(() => session.account()?.id);
  const invite = createMemo(() => {
    const at = route.route();
    return at.at === "join" ? at : null;
  });
  return (
    <Switch fallback={<SignIn />}>
      <Match when={userId()} keyed>
        {(id) => <Home api={props.api} tokens={props.tokens} me={id} />}
      </Match>
      <Match when={invite()} keyed>
        {(at) => <Join code={at.code} />}
      </Match>
    </Switch>
  );
}
