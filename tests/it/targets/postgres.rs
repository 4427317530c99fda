//! The PostgreSQL adapter on real servers of two versions.

pub(crate) mod world;
