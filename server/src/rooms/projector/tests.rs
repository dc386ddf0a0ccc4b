//! What is told of changes, played through on boards in memory.
