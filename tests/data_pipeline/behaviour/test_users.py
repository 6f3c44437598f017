import pandas as pd

from data_pipeline.behaviour.fit import judge
from data_pipeline.behaviour.frames import accuracy_frame, devices_frame, events_frame
from data_pipeline.behaviour.pairs import Pair
from data_pipeline.behaviour.takes import Asked
from data_pipeline.behaviour.users import UserModel, sessions
from data_pipeline.behaviour.watch import watch
from monitoring.behaviour import BehaviourTracker
from monitoring.behaviour.retry import shipped_detector

ALWAYS = UserModel(asks_again=1.0, types=0.0, repeats_anyway=0.0, opens=1.0)


def test_users_do_what_the_model_says(asked: list[Asked]) -> None:
    lived = sessions(asked, ALWAYS)
    right = {f"{one.device}/{one.row.key}" for one in asked if one.first.is_right}
    clicked = {event.request_id for event in lived.events if event.kind == "click"}
    assert clicked == right
    assert lived.put_again == {f"{one.device}/{one.row.key}" for one in asked} - right


def test_events_are_in_order_and_each_is_there_once(asked: list[Asked]) -> None:
    events = sessions(asked, UserModel()).events
    assert [event.at for event in events] == sorted(event.at for event in events)
    assert len({event.event_id for event in events}) == len(events)
    assert sessions(asked, UserModel()).events == events
    assert sessions(asked, UserModel(), seed=1).events != events


def test_the_tracker_sees_the_clicks_and_typed_words_of_simulated_users(asked: list[Asked]) -> None:
    typing = UserModel(asks_again=1.0, types=1.0, repeats_anyway=0.0, opens=1.0, asks_more=0.0)
    concluded = {one.request_id: one for one in BehaviourTracker().update(sessions(asked, typing).events)}
    assert len(concluded) == len(asked)
    for one in asked:
        found = concluded[f"{one.device}/{one.row.key}"]
        assert found.signals["clicked"] is one.first.is_right
        assert found.details.get("typed") in (None, one.said)
        assert not one.first.is_right or found.signals["switched_to_typing"] is False
    assert any(one.details for one in concluded.values())


def test_frames(asked: list[Asked]) -> None:
    concluded = BehaviourTracker().update(sessions(asked, UserModel()).events)
    frame = events_frame(concluded)
    assert len(frame) == len(concluded)
    assert frame["redo"].dtype == pd.BooleanDtype()
    seen = devices_frame(watch(asked, shipped_detector().is_retry, UserModel()))
    assert set(seen.index) == {one.device for one in asked}
    judged = judge([Pair("a", "a", True, "kind", "a")], lambda first, second: True)
    assert accuracy_frame(judged)["accuracy"].to_dict() == {"all": 1, "kind": 1}
