//! What a projector holds of a unit: its bases over time, and the folds of its areas.

use std::collections::BTreeMap;
use std::sync::Arc;

use gradus_domain::UnitHistory;
use gradus_domain::coverage::SupportKind;
use gradus_domain::fold::{AreaCourse, AreaFold, Changed, Given, NOTHING};
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_domain::steps::Steps;
use gradus_domain::world::{Basis, World, kind_of};
use gradus_model::unit::AreaRef;
use gradus_model::{AreaId, ModelId, Target, Timestamp};

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
        let here = touches.iter().find(|touch| Arc::ptr_eq(&touch.layout, layout));
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
    /// What a fold is given under a basis.
    pub(super) fn given<T>(&self, basis: &Basis, fold: impl FnOnce(&Given<'_>) -> T) -> T {
        let kind_of = |principal| kind_of(self.world, principal);
        let (model, rules) = (&*basis.catalog, &*basis.read_rules);
        let (history, size) = (self.history, self.size);
        fold(&Given { history, size, model, rules, kind_of: &kind_of })
    }
}

/// A practice that an event is about, as an area of one layout reads it.
pub(super) struct Touch<'a> {
    pub(super) layout: Arc<Layout>,
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

/// What is held of a unit.
#[derive(Debug)]
pub(super) struct HeldUnit {
    segments: Vec<Segment>,
    /// The layouts of the segments, each once.
    layouts: Vec<Arc<Layout>>,
    pub(super) areas: BTreeMap<AreaRef, HeldArea>,
}

impl HeldUnit {
    pub(super) fn under(segments: Vec<Segment>) -> Self {
        let mut layouts: Vec<Arc<Layout>> = Vec::new();
        for (_, layout) in segments.iter().filter_map(|segment| segment.under.as_ref()) {
            if !layouts.iter().any(|known| Arc::ptr_eq(known, layout)) {
                layouts.push(Arc::clone(layout));
            }
        }
        Self { segments, layouts, areas: BTreeMap::new() }
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The segments, and the areas that are held under them.
    pub(super) const fn parts(&mut self) -> (&[Segment], &mut BTreeMap<AreaRef, HeldArea>) {
        (self.segments.as_slice(), &mut self.areas)
    }

    /// Where some practices are read, in the order of areas.
    pub(super) fn touches<'a>(&self, targets: &[&'a Target]) -> Vec<Touch<'a>> {
        let mut touches = Vec::new();
        for &target in targets {
            for layout in &self.layouts {
                for (area, number) in layout.readers(target) {
                    let (layout, area, number) = (Arc::clone(layout), *area, *number);
                    touches.push(Touch { layout, area, target, number });
                }
            }
        }
        touches.sort_by(|one, next| one.order().cmp(&next.order()));
        touches
    }
}

/// An area of a unit: a fold for each segment, and the course that they make together.
#[derive(Debug)]
pub(super) struct HeldArea {
    folds: Vec<Option<AreaFold>>,
    course: AreaCourse,
    /// Where the last event that was about it was recorded.
    pub(super) used: u64,
    /// About how many bytes it took when that was last measured.
    pub(super) bytes: usize,
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
            self.folds.get(alike).cloned()
        };
        let fold = |segment| kept(segment).unwrap_or_else(|| segment.fold(known, area));
        Self::joined(segments, segments.iter().map(fold).collect())
    }

    fn joined(segments: &[Segment], folds: Vec<Option<AreaFold>>) -> Self {
        let mut course = AreaCourse::default();
        for (segment, fold) in segments.iter().zip(&folds) {
            let of_fold = fold.as_ref().map(AreaFold::course).unwrap_or_default();
            course.followed_by(segment.from, &of_fold);
        }
        Self { folds, course, used: 0, bytes: 0 }
    }

    /// About how many bytes it takes.
    pub(super) fn measured(&self) -> usize {
        // The course tells again what the folds do.
        let folds = self.folds.iter().flatten().map(|fold| fold.bytes() * 2);
        folds.sum::<usize>() + size_of::<(AreaRef, Self)>()
    }

    /// The course of the area; none if nothing is known of it.
    pub(super) fn course(&self) -> Option<&AreaCourse> {
        tells(&self.course).then_some(&self.course)
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
        let mut changed = Changed::default();
        for (segment, fold) in segments.iter().zip(&mut self.folds) {
            if let (Some(fold), Some((basis, _))) = (fold, &segment.under)
                && let Some(number) = segment.number(touches)
            {
                let of_fold = known.given(basis, |given| take_in(given, fold, number));
                changed.levels |= of_fold.levels;
                changed.support |= of_fold.support;
            }
        }
        if changed.levels {
            changed.levels = self.join_levels(segments);
        }
        if changed.support {
            changed.support = self.join_support(segments, touches);
        }
        changed
    }

    /// Joins what the folds say of the levels; returns whether that has changed.
    fn join_levels(&mut self, segments: &[Segment]) -> bool {
        if let ([_], [Some(fold)]) = (segments, &self.folds[..]) {
            let changed = *fold.levels() != self.course.levels;
            if changed {
                self.course.levels.clone_from(fold.levels());
            }
            return changed;
        }
        let unrated = Steps::always(NOTHING);
        let mut levels = Steps::always(NOTHING);
        for (segment, fold) in segments.iter().zip(&self.folds) {
            levels.follow(segment.from, fold.as_ref().map_or(&unrated, AreaFold::levels));
        }
        let changed = levels != self.course.levels;
        self.course.levels = levels;
        changed
    }

    /// Joins what the folds say of a practice; returns whether that has changed.
    fn join_support(&mut self, segments: &[Segment], touches: &[Touch<'_>]) -> bool {
        let Some(Touch { target, .. }) = touches.first() else { return false };
        let unsupported: Steps<SupportKind> = Steps::default();
        let mut support = Steps::default();
        for (segment, fold) in segments.iter().zip(&self.folds) {
            let of_fold = fold.as_ref().zip(segment.number(touches));
            let of_fold = of_fold.map(|(fold, number)| fold.support(number));
            support.follow(segment.from, of_fold.unwrap_or(&unsupported));
        }
        match self.course.supports.get_mut(target) {
            Some(_) if support == unsupported => {
                self.course.supports.remove(target);
            }
            Some(before) if *before == support => return false,
            Some(before) => *before = support,
            None if support == unsupported => return false,
            None => {
                self.course.supports.insert((*target).clone(), support);
            }
        }
        true
    }
}

/// Whether a course tells anything: that an area is not rated, or cannot be, needs no row.
pub(super) fn tells(course: &AreaCourse) -> bool {
    let known = |answer: LevelAnswer| matches!(answer, LevelAnswer::Range { .. });
    let mut levels = course.levels.changes().iter().map(|(_, levels)| levels);
    let first = course.levels.first();
    !course.supports.is_empty()
        || known(first.rated)
        || known(first.ongoing)
        || levels.any(|levels| known(levels.rated) || known(levels.ongoing))
}
