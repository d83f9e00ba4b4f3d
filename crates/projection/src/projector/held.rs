//! What a projector holds of a unit: its bases over time, and the folds of its areas.

use std::collections::BTreeMap;
use std::sync::Arc;

use gradus_domain::UnitHistory;
use gradus_domain::coverage::SupportKind;
use gradus_domain::fold::{AreaCourse, AreaFold, Changed, Given, NOTHING};
use gradus_domain::steps::Steps;
use gradus_domain::world::{Basis, World};
use gradus_model::unit::AreaRef;
use gradus_model::{AreaId, ModelId, Target, Timestamp};

use super::course::Course;
use super::layout::Layout;

/// The part of valid time in which one basis holds, from an instant to the next segment's.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) from: Timestamp,
    pub(super) under: Option<(Basis, Arc<Layout>)>,
}

impl Segment {
    /// The areas that read a practice here.
    pub(super) fn areas(&self, target: &Target) -> impl Iterator<Item = AreaRef> {
        let layouts = self.under.iter().map(|(_, layout)| layout);
        layouts.flat_map(move |layout| {
            let area = |area| AreaRef { model: layout.model().clone(), area };
            layout.readers(target).iter().map(move |(reader, _)| area(*reader))
        })
    }

    /// The number of the practice that is touched, in the area's outline here.
    fn number(&self, touches: &[Touch<'_>]) -> Option<usize> {
        let (_, layout) = self.under.as_ref()?;
        let here = touches.iter().find(|touch| Arc::ptr_eq(touch.layout, layout));
        here.map(|touch| touch.number)
    }

    fn fold(&self, known: &Known<'_>, area: &AreaRef) -> Option<AreaFold> {
        let (basis, layout) = self.under.as_ref()?;
        if *basis.catalog.id() != area.model {
            return None;
        }
        let outline = Arc::clone(layout.outline(area.area)?);
        Some(known.given(basis, |given| AreaFold::with_outline(given, outline)))
    }
}

/// A unit's history, and how much of it is known.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) world: &'a dyn World,
    pub(super) history: &'a UnitHistory,
    pub(super) size: u64,
}

impl Known<'_> {
    /// Whether nothing is known of any practice, and that need not be recalled.
    pub(super) fn is_nothing(&self) -> bool {
        let Self { history, size, .. } = *self;
        history.forgotten().is_none()
            && history.evidence(size).next().is_none()
            && history.ratings(size).next().is_none()
    }

    /// What a fold is given under a basis.
    pub(super) fn given<T>(&self, basis: &Basis, fold: impl FnOnce(&Given<'_>) -> T) -> T {
        let providers = self.world.registry();
        let (model, rules) = (&*basis.catalog, &*basis.read_rules);
        let (history, size) = (self.history, self.size);
        fold(&Given { history, size, model, rules, providers })
    }
}

/// A practice that an event is about, as an area of one layout reads it.
pub(super) struct Touch<'a> {
    pub(super) layout: &'a Arc<Layout>,
    pub(super) area: AreaId,
    pub(super) target: &'a Target,
    pub(super) number: usize,
}

impl Touch<'_> {
    fn order(&self) -> (&ModelId, AreaId, &Target) {
        (self.layout.model(), self.area, self.target)
    }

    pub(super) fn is_of_same_area(&self, other: &Self) -> bool {
        (self.layout.model(), self.area) == (other.layout.model(), other.area)
    }
}

/// Areas by number and model: most differ in the number, which compares fast.
pub(super) type Areas = BTreeMap<(AreaId, ModelId), HeldArea>;

/// What is held of a unit.
#[derive(Debug)]
pub(super) struct HeldUnit {
    segments: Vec<Segment>,
    /// The layouts of the segments, each once.
    layouts: Vec<Arc<Layout>>,
    /// By number and model.
    pub(super) areas: Areas,
    /// Whether every area of which anything is known is among them.
    whole: bool,
}

impl HeldUnit {
    pub(super) fn under(segments: Vec<Segment>) -> Self {
        let mut layouts: Vec<Arc<Layout>> = Vec::new();
        for (_, layout) in segments.iter().filter_map(|segment| segment.under.as_ref()) {
            if !layouts.iter().any(|known| Arc::ptr_eq(known, layout)) {
                layouts.push(Arc::clone(layout));
            }
        }
        Self { segments, layouts, areas: BTreeMap::new(), whole: false }
    }

    pub(super) const fn is_whole(&self) -> bool {
        self.whole
    }

    pub(super) const fn become_whole(&mut self) {
        self.whole = true;
    }

    /// Lets go of areas that were last used at a position or before.
    pub(super) fn let_go(&mut self, idle: u64) {
        let before = self.areas.len();
        self.areas.retain(|_, area| area.used > idle);
        self.whole &= self.areas.len() == before;
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The segments, their layouts, and the areas that are held under them.
    pub(super) const fn parts(&mut self) -> (&[Segment], &[Arc<Layout>], &mut Areas) {
        (self.segments.as_slice(), self.layouts.as_slice(), &mut self.areas)
    }
}

/// Where some practices are read, in the order of areas.
pub(super) fn touches<'a>(layouts: &'a [Arc<Layout>], targets: &[&'a Target]) -> Vec<Touch<'a>> {
    let mut touches = Vec::with_capacity(targets.len() * layouts.len());
    for &target in targets {
        for layout in layouts {
            let readers = layout.readers(target).iter();
            touches.extend(readers.map(|(area, number)| {
                let (area, number) = (*area, *number);
                Touch { layout, area, target, number }
            }));
        }
    }
    if touches.len() > 1 {
        touches.sort_by(|one, next| one.order().cmp(&next.order()));
    }
    touches
}

/// An area of a unit.
#[derive(Debug)]
pub(super) struct HeldArea {
    folded: Folded,
    /// Where the last event that was about it was recorded.
    pub(super) used: u64,
    /// About how many bytes it took when that was last measured.
    pub(super) bytes: usize,
}

/// The folds of an area.
#[derive(Debug)]
enum Folded {
    /// One basis has held ever since: its fold tells the course.
    Once(AreaFold),
    /// A fold for each segment, and the course that they make together.
    Joined { folds: Vec<Option<AreaFold>>, course: AreaCourse },
}

impl HeldArea {
    /// The area as it is known.
    pub(super) fn of(known: &Known<'_>, segments: &[Segment], area: &AreaRef) -> Self {
        let folds = segments.iter().map(|segment| segment.fold(known, area)).collect();
        Self::joined(segments, folds)
    }

    /// The same area in other segments of time: folds of a basis that held before are kept.
    pub(super) fn under(
        &self,
        known: &Known<'_>,
        before: &[Segment],
        segments: &[Segment],
        area: &AreaRef,
    ) -> Self {
        let basis = |segment: &Segment| segment.under.as_ref().map(|(basis, _)| basis.clone());
        let kept = |segment: &Segment| {
            let alike = before.iter().position(|one| basis(one) == basis(segment))?;
            self.fold(alike).cloned()
        };
        let fold = |segment| kept(segment).or_else(|| segment.fold(known, area));
        Self::joined(segments, segments.iter().map(fold).collect())
    }

    fn joined(segments: &[Segment], mut folds: Vec<Option<AreaFold>>) -> Self {
        if let [one] = &mut folds[..]
            && let Some(fold) = one.take()
        {
            return Self { folded: Folded::Once(fold), used: 0, bytes: 0 };
        }
        let mut course = AreaCourse::default();
        for (segment, fold) in segments.iter().zip(&folds) {
            let of_fold = fold.as_ref().map(AreaFold::course).unwrap_or_default();
            course.followed_by(segment.from, &of_fold);
        }
        Self { folded: Folded::Joined { folds, course }, used: 0, bytes: 0 }
    }

    fn fold(&self, number: usize) -> Option<&AreaFold> {
        match &self.folded {
            Folded::Once(fold) => (number == 0).then_some(fold),
            Folded::Joined { folds, .. } => folds.get(number)?.as_ref(),
        }
    }

    /// About how many bytes it takes.
    pub(super) fn measured(&self) -> usize {
        let folds = match &self.folded {
            Folded::Once(fold) => fold.bytes(),
            // The course tells again what the folds do.
            Folded::Joined { folds, .. } => {
                folds.iter().flatten().map(|fold| fold.bytes() * 2).sum::<usize>()
            }
        };
        folds + size_of::<(AreaRef, Self)>()
    }

    /// The course of the area; none if nothing is known of it.
    pub(super) fn course(&self) -> Option<Course<'_>> {
        let course = match &self.folded {
            Folded::Once(fold) => Course::Folded(fold),
            Folded::Joined { course, .. } => Course::Joined(course),
        };
        course.tells().then_some(course)
    }

    /// Takes in a change of one practice in every fold; `take_in` says what of one has changed, and
    /// `touches` how each layout reads the practice.
    ///
    /// Returns what of the course has changed.
    pub(super) fn change(
        &mut self,
        known: &Known<'_>,
        segments: &[Segment],
        touches: &[Touch<'_>],
        take_in: impl Fn(&Given<'_>, &mut AreaFold, usize) -> Changed,
    ) -> Changed {
        let changed = |segment: &Segment, fold: &mut AreaFold| {
            let (basis, _) = segment.under.as_ref()?;
            let number = segment.number(touches)?;
            Some(known.given(basis, |given| take_in(given, fold, number)))
        };
        match &mut self.folded {
            Folded::Once(fold) => {
                segments.first().and_then(|segment| changed(segment, fold)).unwrap_or_default()
            }
            Folded::Joined { folds, course } => {
                let mut of_any = Changed::default();
                for (segment, fold) in segments.iter().zip(&mut *folds) {
                    let of_fold = fold.as_mut().and_then(|fold| changed(segment, fold));
                    let of_fold = of_fold.unwrap_or_default();
                    of_any.levels |= of_fold.levels;
                    of_any.support |= of_fold.support;
                }
                Changed {
                    levels: of_any.levels && join_levels(course, segments, folds),
                    support: of_any.support && join_support(course, segments, folds, touches),
                }
            }
        }
    }
}

/// Joins what the folds say of the levels; returns whether that has changed.
fn join_levels(course: &mut AreaCourse, segments: &[Segment], folds: &[Option<AreaFold>]) -> bool {
    let unrated = Steps::always(NOTHING);
    let mut levels = Steps::always(NOTHING);
    for (segment, fold) in segments.iter().zip(folds) {
        levels.follow(segment.from, fold.as_ref().map_or(&unrated, AreaFold::levels));
    }
    let changed = levels != course.levels;
    course.levels = levels;
    changed
}

/// Joins what the folds say of a practice; returns whether that has changed.
fn join_support(
    course: &mut AreaCourse,
    segments: &[Segment],
    folds: &[Option<AreaFold>],
    touches: &[Touch<'_>],
) -> bool {
    let Some(Touch { target, .. }) = touches.first() else { return false };
    let unsupported: Steps<SupportKind> = Steps::default();
    let mut support = Steps::default();
    for (segment, fold) in segments.iter().zip(folds) {
        let of_fold = fold.as_ref().zip(segment.number(touches));
        let of_fold = of_fold.map(|(fold, number)| fold.support(number));
        support.follow(segment.from, of_fold.unwrap_or(&unsupported));
    }
    match course.supports.get_mut(target) {
        Some(_) if support == unsupported => {
            course.supports.remove(target);
        }
        Some(before) if *before == support => return false,
        Some(before) => *before = support,
        None if support == unsupported => return false,
        None => {
            course.supports.insert((*target).clone(), support);
        }
    }
    true
}
