// A reader who is at the end of the conversation stays there as it grows; one who
// has scrolled back is left in peace.

export function follower(region) {
  const scroller = () => (region.scrollHeight > region.clientHeight + 1 && getComputedStyle(region).overflowY !== 'visible'
    || region.getRootNode() !== document ? region : document.scrollingElement);
  const bottom = (el) => el.scrollHeight - el.clientHeight;
  let following = true;
  const look = () => {
    const el = scroller();
    following = bottom(el) - el.scrollTop < 80;
  };
  for (const name of ['wheel', 'touchmove', 'keyup', 'pointerup']) addEventListener(name, () => requestAnimationFrame(look), { passive: true });
  // grown is to be called after something was shown.
  const grown = () => {
    if (!following) return;
    const el = scroller();
    el.scrollTo({ top: bottom(el), behavior: 'instant' });
  };
  new ResizeObserver(grown).observe(region); // a keyboard, a message, a turned phone
  return {
    grown,
    // toEnd goes to the end, whatever was being read.
    toEnd() { following = true; grown(); },
  };
}
