"""Pictures of the graph: what they show, and that a phone can show them."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.knowledge import picture, scenes
from agent.knowledge.facts import Belief, Neighbourhood, Reached
from agent.knowledge.picture_layout import BOX_HEIGHT, BOX_WIDTH, lay_out
from agent.knowledge.picture_routes import routes
from agent.knowledge.scenes import Edge, Node, Scene
from tests.unit.agent.knowledge.memory_graph import company, key, thing


def belief(
    source: str, target: str, *, tentative: bool = False, contradicted: bool = False
) -> Belief:
    return Belief(
        source=key(source),
        target=key(target),
        kind="depends_on",
        confidence=0.9,
        tentative=tentative,
        contradicted=contradicted,
        said_by=(),
    )


def reached(name: str, distance: int, *path: str) -> Reached:
    keys = tuple(key(p) for p in (*path, name))
    return Reached(entity=thing(name, tier="1"), distance=distance, path=keys, confidence=0.9)


def blast() -> Scene:
    return scenes.radius(
        thing("redis"),
        [reached("cart", 1, "redis"), reached("checkout", 2, "redis", "cart")],
        [belief("cart", "redis", tentative=True), belief("checkout", "cart", contradicted=True)],
        upstream=True,
    )


def pixels(png: bytes) -> np.ndarray:
    from matplotlib.image import imread

    return np.asarray(imread(io.BytesIO(png), format="png"))


def test_a_picture_is_a_png_as_wide_as_a_phone_shows_and_the_same_each_time() -> None:
    png = picture.render(blast())
    assert png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", png[16:24])
    assert width == picture.WIDTH_PIXELS
    assert 400 <= height <= 2200
    assert picture.render(blast()) == png


async def test_it_is_drawn_beside_the_event_loop() -> None:
    assert await picture.draw(blast()) == picture.render(blast())


def test_it_is_light_and_what_is_asked_about_is_dark() -> None:
    image = pixels(picture.render(blast()))[..., :3]
    assert image.mean() > 0.85
    dark = (np.abs(image - np.array([0x1F, 0x29, 0x33]) / 255) < 0.02).all(axis=-1)
    assert dark.sum() > 0.5 * BOX_WIDTH * BOX_HEIGHT


def test_what_is_contradicted_is_red_and_only_that() -> None:
    red = np.array([0xD6, 0x45, 0x45]) / 255

    def reds(scene: Scene) -> int:
        return int((np.abs(pixels(picture.render(scene))[..., :3] - red) < 0.02).all(axis=-1).sum())

    plain = blast().model_copy(
        update={"edges": tuple(e.model_copy(update={"contradicted": False}) for e in blast().edges)}
    )
    assert reds(blast()) > 100
    assert reds(plain) == 0


def test_the_words_for_those_who_cannot_see_it_name_all_ties() -> None:
    assert blast().alt == (
        "What depends on redis. cart → redis (tentative); checkout → cart (contradicted)."
    )


def test_dependants_stand_above_and_dependencies_below() -> None:
    boxes = lay_out(blast(), 1024).boxes
    assert boxes[key("checkout")].y < boxes[key("cart")].y < boxes[key("redis")].y
    down = scenes.radius(
        thing("cart"), [reached("redis", 1, "cart")], [belief("cart", "redis")], upstream=False
    )
    boxes = lay_out(down, 1024).boxes
    assert boxes[key("cart")].y < boxes[key("redis")].y


def test_of_many_things_the_nearest_are_shown_and_the_others_counted() -> None:
    crowd = [reached(f"service-{n}", 1 + n % 3, "redis") for n in range(60)]
    scene = scenes.radius(thing("redis"), crowd, [], upstream=True)
    assert len(scene.nodes) == scenes.MOST_NODES
    assert scene.more == 60 - scenes.MOST_NODES + 1
    assert {-n.layer for n in scene.nodes} <= {0, 1, 2}
    assert "36 more are left out" in scene.alt
    picture.render(scene)


def test_a_neighbourhood_leaves_out_what_explains_nothing_and_marks_what_changed() -> None:
    near = Neighbourhood(
        entities=(thing("cart"), thing("redis"), thing("cart-config", "configmap")),
        beliefs=(belief("cart", "redis"),),
    )
    scene = scenes.around(
        near, "What changed around cart", {key("redis"): "2 changes"}, [key("redis")]
    )
    assert [(n.name, n.layer, n.changed) for n in scene.nodes] == [
        ("cart", 0, False),
        ("redis", 1, True),
    ]


def test_customers_stand_at_the_top() -> None:
    near = Neighbourhood(
        entities=(thing("auth"), thing("gateway"), thing("Login", "business_service")),
        beliefs=(
            belief("gateway", "auth"),
            belief("Login", "auth").model_copy(update={"source": key("Login", "business_service")}),
        ),
    )
    layers = {n.name: n.layer for n in scenes.around(near, "auth").nodes}
    assert layers["Login"] < layers["gateway"] < layers["auth"]


async def test_the_whole_company_fits() -> None:
    near = await company().graph.neighbourhood(key("cart"), hops=6)
    picture.render(scenes.around(near, "all of it"))


names = st.text(min_size=1, max_size=40)


@st.composite
def any_scene(draw: st.DrawFn) -> Scene:
    count = draw(st.integers(1, 25))
    nodes = [
        Node(
            key=f"k{n}",
            name=draw(names),
            kind=draw(st.sampled_from(["service", "cronjob", "queue", "odd"])),
            layer=draw(st.integers(-3, 3)),
            caption=draw(st.text(max_size=30)),
        )
        for n in range(count)
    ]
    pairs = draw(
        st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=40)
    )
    edges = [Edge(source=f"k{a}", target=f"k{b}") for a, b in pairs if a != b]
    return Scene(title=draw(names), nodes=tuple(nodes), edges=tuple(edges))


@given(any_scene())
@settings(max_examples=60, deadline=None)
def test_whatever_is_shown_no_box_covers_another_and_arrows_end_at_boxes(scene: Scene) -> None:
    layout = lay_out(scene, 1024)
    boxes = list(layout.boxes.values())
    for n, a in enumerate(boxes):
        assert BOX_WIDTH / 2 - 1 <= a.x <= 1024 - BOX_WIDTH / 2 + 1
        assert a.y - BOX_HEIGHT / 2 >= 0
        assert a.y + BOX_HEIGHT / 2 <= layout.height + 1
        for b in boxes[n + 1 :]:
            assert abs(a.x - b.x) >= BOX_WIDTH - 1 or abs(a.y - b.y) >= BOX_HEIGHT - 1
    for route in routes(scene.edges, layout):
        target = layout.boxes[route.edge.target]
        assert abs(route.points[-1][0] - target.x) <= BOX_WIDTH / 2
        assert abs(abs(route.points[-1][1] - target.y) - BOX_HEIGHT / 2) < 1
        assert (len(route.points) - 1) % 3 == 0


@pytest.mark.parametrize("name", ["$x_1^2$", "a\\b", "日本", "<b>", "%s{0}", "🔥" * 3, "\x00\n"])
def test_odd_names_are_drawn_as_they_stand(name: str) -> None:
    nodes = (Node(key="a", name=name, kind="service", asked=True, caption=name),)
    assert picture.render(Scene(title=name, nodes=nodes)).startswith(b"\x89PNG")
