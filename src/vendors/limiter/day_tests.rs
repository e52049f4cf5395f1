use tokio::time::{advance, timeout};

use super::tests::{PausedClock, burst, use_up};
use super::*;

const HOUR: Duration = Duration::from_secs(60 * 60);

struct Scene {
    clock: Arc<dyn Clock>,
    limiter: Limiter,
    ends_at: Timestamp,
}

impl Scene {
    /// A day that ends in five hours.
    fn new(reserve_percent: u32) -> Self {
        let clock = PausedClock::shared();
        let limits = Limits { reserve_percent, ..Limits::default() };
        let ends_at = clock.now().plus(HOUR * 5);
        Self { limiter: Limiter::new(limits, None, Arc::clone(&clock)), clock, ends_at }
    }

    /// So many of 1,000 calls are left.
    async fn left(&self, remaining: u32) {
        let day =
            Told { max: Some(1_000), remaining: Some(remaining), ends_at: Some(self.ends_at) };
        self.limiter.admit(Lane::Change).await;
        self.limiter.answered(&self.limiter.send(), &Quota { day, ..Quota::default() });
    }

    fn closed(&self) -> [Option<Duration>; 2] {
        [Lane::Change, Lane::Background].map(|lane| self.limiter.day_closed_for(lane))
    }
}

#[tokio::test(start_paused = true)]
async fn the_background_leaves_a_tenth_of_the_day_to_changes() {
    let scene = Scene::new(0);
    scene.left(101).await;
    assert_eq!(scene.closed(), [None, None]);
    scene.left(100).await;
    assert_eq!(scene.closed(), [None, Some(HOUR * 5)]);
    assert_eq!(scene.limiter.wait(Lane::Background), HOUR * 5);
    assert_eq!(scene.limiter.wait(Lane::Change), Duration::ZERO);
    scene.left(0).await;
    assert_eq!(scene.closed(), [Some(HOUR * 5); 2]);
}

#[tokio::test(start_paused = true)]
async fn the_reserve_is_left_of_the_day_too() {
    let scene = Scene::new(20);
    scene.left(301).await;
    assert_eq!(scene.closed(), [None, None]);
    scene.left(300).await;
    assert_eq!(scene.closed(), [None, Some(HOUR * 5)]);
    scene.left(200).await;
    assert_eq!(scene.closed(), [Some(HOUR * 5); 2]);
}

#[tokio::test(start_paused = true)]
async fn the_next_day_everything_is_open_again() {
    let scene = Scene::new(0);
    scene.left(0).await;
    let mut background = Box::pin(scene.limiter.admit(Lane::Background));
    timeout(HOUR * 5 - Duration::from_secs(1), &mut background).await.unwrap_err();
    timeout(Duration::from_secs(2), background).await.unwrap();
    assert_eq!(scene.closed(), [None, None]);
}

#[tokio::test(start_paused = true)]
async fn a_day_that_is_over_by_the_vendors_word_is_closed_for_all() {
    let scene = Scene::new(0);
    scene.left(900).await;
    scene.limiter.day_is_over(scene.ends_at);
    assert_eq!(scene.closed(), [Some(HOUR * 5); 2]);
    scene.left(900).await;
    assert_eq!(scene.closed(), [Some(HOUR * 5); 2], "an answer to an earlier call opens nothing");
}

#[tokio::test(start_paused = true)]
async fn a_later_holder_knows_of_the_day() {
    let scene = Scene::new(0);
    scene.left(50).await;
    let later = |earlier: &Limiter| {
        Limiter::new(Limits::default(), Some(&earlier.record()), Arc::clone(&scene.clock))
    };
    advance(HOUR).await;
    let held = later(&scene.limiter);
    assert!(held.day_closed_for(Lane::Background).unwrap() >= HOUR * 4);
    assert_eq!(held.day_closed_for(Lane::Change), None);
    scene.limiter.day_is_over(scene.ends_at);
    assert!(later(&scene.limiter).day_closed_for(Lane::Change).unwrap() >= HOUR * 4);
    advance(HOUR * 5).await;
    assert_eq!(later(&scene.limiter).day_closed_for(Lane::Background), None);
    let learned = learned(&scene.limiter.record()).unwrap();
    assert_eq!(learned.daily, Some(1_000), "what a day allows is known beyond it");
}

#[tokio::test(start_paused = true)]
async fn without_an_end_of_the_day_it_is_looked_at_again_within_the_hour() {
    let scene = Scene::new(0);
    let day = Told { max: Some(1_000), remaining: Some(0), ends_at: None };
    scene.limiter.answered(&scene.limiter.send(), &Quota { day, ..Quota::default() });
    assert_eq!(scene.closed(), [Some(HOUR); 2]);
}

#[tokio::test(start_paused = true)]
async fn the_reserve_is_never_used_in_the_burst() {
    for (max, reserve_percent, ours) in
        [(100, 0, 100), (100, 20, 80), (190, 25, 142), (100, 90, 10), (10, 1, 9), (1, 90, 1)]
    {
        let limits = Limits { burst_per_10s: max, reserve_percent };
        let limiter = Limiter::new(limits, None, PausedClock::shared());
        use_up(&limiter, ours).await;
        assert!(limiter.wait(Lane::Change) > Duration::ZERO, "{max} less {reserve_percent} %");
    }
}

#[tokio::test(start_paused = true)]
async fn others_use_up_the_reserve_first() {
    let limits = Limits { reserve_percent: 40, ..burst(0) };
    let limiter = Limiter::new(limits, None, PausedClock::shared());
    limiter.admit(Lane::Change).await;
    let sent = limiter.send();
    let quota = Quota { max: Some(100), remaining: Some(79), ..Quota::default() };
    limiter.answered(&sent, &quota);
    use_up(&limiter, 59).await;
    assert!(limiter.wait(Lane::Change) > Duration::ZERO);
    assert_eq!(limiter.record().matches("\"u\"").count(), 1);
}
