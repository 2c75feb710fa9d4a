// What a signed-in user sees.

import { createEffect } from "solid-js";
import { createHome, type SignedIn } from "../stores/home";
import { HomeContext, useApp } from "./context";
import { exposeForDiagnosis, guardPage, joinSystem, keepAwake } from "./page";
import { Shell } from "./Shell";

export function Home(props: SignedIn) {
  const { session, route } = useApp();
  const stores = createHome(props, () => session.account()?.username ?? "");
  exposeForDiagnosis(stores.call, stores.group);
  guardPage(stores.call, stores.group);
  keepAwake(stores.call, stores.group);
  joinSystem(stores.group);
  createEffect(() => {
    if (route.route().at === "join") route.go({ at: "chats" }, "replace");
  });

  return (
    <HomeContext.Provider value={stores}>
      <Shell />
    </HomeContext.Provider>
  );
}
