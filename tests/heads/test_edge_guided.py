import pytest
import torch
import torch.nn.functional as F

from semsynth.heads import EdgeGuidedHead
from semsynth.layout import Layout

C, N, HEIGHT, WIDTH = 4, 5, 7, 9
OFF = dict(edges=False, transfer=False, semantic=False, class_specific=False, embedding_channels=None)
ABLATION = [  # the switches of ECGAN's table 3, what is made, the views, what only a loss can teach
    (OFF, ['image'], dict(image=1), ['image']),
    (dict(OFF, edges=True), ['edge', 'image'], dict(edge=1, image=1), ['edge', 'image']),
    (dict(OFF, edges=True, transfer=True), ['edge', 'image'], dict(edge=1, image=1), ['image']),
    (dict(OFF, edges=True, transfer=True, semantic=True), ['coarse', 'edge', 'image'], dict(edge=1, coarse=1, image=2),
     ['image']),
    (dict(OFF, semantic=True), ['coarse', 'image'], dict(coarse=1, image=2), ['image']),
    (dict(), ['class_specific', 'coarse', 'edge', 'embedding', 'image'], dict(edge=1, coarse=1, image=2),
     ['class_specific', 'embedding', 'image']),
    (dict(final='class_specific'), ['class_specific', 'coarse', 'edge', 'embedding', 'image', 'refined'],
     dict(edge=1, coarse=1, refined=2, image=1), ['embedding', 'image', 'refined']),
    (dict(OFF, class_specific=True, final='class_specific'), ['class_specific', 'coarse', 'image'],
     dict(coarse=1, image=1), ['coarse', 'image']),
]


def scene(unknown=None) -> tuple[torch.Tensor, Layout]:
    label = torch.randint(N, (2, HEIGHT, WIDTH))
    return torch.randn(2, C, HEIGHT, WIDTH), Layout(label=label, num_classes=N, unknown=unknown)


def convolve(layer, x):
    return F.conv2d(x, layer.weight, layer.bias, padding=1)


def leaky(x):
    return torch.maximum(x, 0.2 * x)


@pytest.mark.parametrize(('switches', 'made', 'views', 'must_be_read'), ABLATION)
def test_outputs_views_and_gradients_of_every_row(switches, made, views, must_be_read):
    head = EdgeGuidedHead(in_channels=C, num_classes=N, **switches)
    features, layout = scene()
    outputs = head(features, layout)
    assert sorted(outputs) == sorted(head.outputs) == made
    assert {name: view.weight for name, view in head.views.items()} == views
    assert {name: view.real for name, view in head.views.items()} == {
        name: 'edge' if name == 'edge' else 'image' for name in views}
    assert sorted(head.must_be_read) == must_be_read
    assert all(output.shape[-2:] == (HEIGHT, WIDTH) for output in outputs.values())
    # reading just these teaches everything; leaving any of them out leaves something untaught
    for left_out in (None, *must_be_read):
        head.zero_grad()
        read = [outputs[name] for name in must_be_read if name != left_out]
        if read:
            sum(output.sum() for output in read).backward(retain_graph=True)
        untaught = [name for name, parameter in head.named_parameters() if parameter.grad is None]
        assert bool(untaught) == (left_out is not None)


def test_equations_1_and_2_and_the_transfer():
    head = EdgeGuidedHead(in_channels=C, num_classes=N)
    features, layout = scene()
    outputs = head(features, layout)
    edge, image = features, features
    for j in range(3):
        edge = convolve(head.edge_branch.levels[j], leaky(edge))
        image = convolve(head.image_branch.levels[j], leaky(image))
        image = edge.sigmoid() * image + image
    edge = torch.tanh(convolve(head.edge_branch.last, leaky(edge)))
    image = torch.tanh(convolve(head.image_branch.last, leaky(image)))
    image = edge.sigmoid() * image + image  # eq. 1
    assert torch.allclose(outputs['edge'], edge, atol=1e-6)
    assert torch.allclose(outputs['coarse'], image, atol=1e-6)

    one_hot = F.one_hot(layout.label, N).movedim(-1, 1).float()
    classes = convolve(head.semantic.to_classes, torch.cat([features, edge, image, one_hot], 1))
    gamma = classes.mean((2, 3), keepdim=True).sigmoid()
    classes = classes * gamma + classes  # eq. 2
    combined = convolve(head.semantic.to_channels, leaky(classes))
    assert combined.shape[1] == C + N + 3 + 3
    assert torch.allclose(outputs['image'], torch.tanh(convolve(head.semantic.to_image, leaky(combined))), atol=1e-6)


def test_without_transfer_the_image_branch_is_on_its_own():
    head = EdgeGuidedHead(in_channels=C, num_classes=N, **dict(OFF, edges=True))
    features, layout = scene()
    image = features
    for level in head.image_branch.levels:
        image = convolve(level, leaky(image))
    expected = torch.tanh(convolve(head.image_branch.last, leaky(image)))
    assert torch.allclose(head(features, layout)['image'], expected, atol=1e-6)


def test_semantic_module_without_edges_reads_c_n_3():
    head = EdgeGuidedHead(in_channels=C, num_classes=N, **dict(OFF, semantic=True))
    assert head.semantic.to_classes.in_channels == head.semantic.to_channels.out_channels == C + N + 3


def test_equation_7_with_unknown_pixels():
    head = EdgeGuidedHead(in_channels=C, num_classes=N, final='class_specific')
    features, layout = scene(unknown=2)
    expected = torch.zeros(2, 3, HEIGHT, WIDTH)
    for number in range(N):
        mask, hidden = ((layout.label == number) & (layout.label != 2)).unsqueeze(1).float(), features
        for layer, activate in zip(head.class_specific.layers, (torch.relu, torch.relu, torch.tanh), strict=True):
            hidden = activate(F.conv2d(hidden * mask, layer.kernels[number], layer.bias[number], padding=1))
        expected += hidden * mask
    outputs = head(features, layout)
    assert torch.allclose(outputs['class_specific'], expected, atol=1e-6)
    assert torch.equal(outputs['class_specific'], outputs['image'])
    assert not outputs['image'].movedim(1, -1)[layout.label == 2].any()


def test_embedding_is_a_projection_of_each_pixel():
    head = EdgeGuidedHead(in_channels=C, num_classes=N, embedding_channels=6)
    features, layout = scene()
    first, _, second = head.embedding
    hidden = torch.einsum('dc,bchw->bdhw', first.weight[:, :, 0, 0], features) + first.bias.view(1, -1, 1, 1)
    expected = torch.einsum('dc,bchw->bdhw', second.weight[:, :, 0, 0], hidden.clamp(min=0))
    assert torch.allclose(head(features, layout)['embedding'], expected + second.bias.view(1, -1, 1, 1), atol=1e-6)


@pytest.mark.parametrize(('switches', 'message'), [
    (dict(edges=False), 'set edges=True or transfer=False'),
    (dict(final='edge'), "final='edge' is unknown; use one of image, class_specific"),
    (dict(class_specific=False, final='class_specific'), 'needs class_specific=True'),
])
def test_switches_that_do_not_go_together(switches, message):
    with pytest.raises(ValueError, match=message):
        EdgeGuidedHead(in_channels=C, num_classes=N, **switches)


@pytest.mark.parametrize(('layout', 'found'), [
    (Layout(raw=torch.zeros(2, 3, HEIGHT, WIDTH)), 'no label map'),
    (Layout(label=torch.zeros(2, HEIGHT, WIDTH, dtype=torch.long), num_classes=N + 1), '6 classes'),
])
def test_layouts_that_do_not_fit(layout, found):
    head = EdgeGuidedHead(in_channels=C, num_classes=N)
    with pytest.raises(ValueError, match=f'num_classes=5, but the layout has {found}'):
        head(torch.randn(2, C, HEIGHT, WIDTH), layout)


def test_a_head_that_reads_no_labels_takes_any_layout():
    head = EdgeGuidedHead(in_channels=C, num_classes=N, semantic=False, class_specific=False)
    assert set(head(torch.randn(2, C, HEIGHT, WIDTH), Layout(raw=torch.zeros(2, 3, HEIGHT, WIDTH)))) == {
        'edge', 'image', 'embedding'}
