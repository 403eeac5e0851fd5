//! Known answers, round trips and dialogues of this protocol.
