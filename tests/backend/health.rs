//! Whether the server says what of it does not work.

use zvonilka::service::{Health, Readiness};

use crate::on_both;

const ALL: Readiness = Readiness {
    database: true,
    relay: true,
    stays: true,
};

on_both! {
async fn the_part_that_does_not_work_is_named(world: World) {
    let ground = world.ground.clone();
    // An answer is given again for a while: each question here is the first of another asker.
    let ready = || Health::new(ground.clone());
    assert_eq!(ready().ready().await, ALL);
    world.ground.tasks.call_last();
    assert_eq!(ready().ready().await, Readiness { stays: false, ..ALL });
    world.relay.stop();
    assert_eq!(ready().ready().await, Readiness { stays: false, relay: false, ..ALL });
    ground.db.close().await;
    let nothing = ready().ready().await;
    assert_eq!(nothing, Readiness { database: false, relay: false, stays: false });
    assert!(!nothing.is_ready() && ALL.is_ready());
}
}
