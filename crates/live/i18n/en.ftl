# Broadcasts: the calendar
live-calendar = Live
live-now = On air now
live-next = Coming up
live-replays = Watch again
live-none = No show yet
live-none-next = Look around the market; a lamp will be lit soon.
live-to-market = Look around the market

# Watching
live-description = { $store } live: { $title }. Watch and buy as you go.
live-waiting = The seller's phone dropped out for a moment. Back soon.
live-over = The show is over
live-slow = Your connection is slow. One moment.
live-offline = You are offline. The picture comes back by itself.
live-failed = The show cannot be played. Please reload the page.
live-soon = Starts any moment
live-in-minutes = { $count ->
    [one] Starts in a minute ({ $when })
   *[other] Starts in { $count } minutes ({ $when })
  }
live-in-hours = { $count ->
    [one] Starts in an hour ({ $when })
   *[other] Starts in { $count } hours ({ $when })
  }
live-in-days = { $count ->
    [one] Starts in a day ({ $when })
   *[other] Starts in { $count } days ({ $when })
  }
live-no-replay = There is no recording. The products are below.
live-sound-on = Sound on
live-viewers-unit = watching
live-chat = Chat
live-newest = Newest
live-lost = The connection broke. Connecting again.
live-say = Say something
live-send = Send
live-sign-in-to-say = Sign in to chat
live-react-heart = Send a heart
live-react-clap = Clap
live-buy = Buy
live-left = {"{}"} left
live-won = ₩{"{}"}
live-goods = In this show
live-no-goods = No products chosen yet.
live-share = Share
live-shared = Address copied
live-sheet = Buy now
live-sheet-close = Close
live-identity = Who sells at { $store }

# The seller: shows
live-studio-shows = My shows
live-title-default = { $store } live
live-title = Title of the show
live-title-help = What makes people come in. Up to 60 letters.
live-choose = Products to show
live-no-products = You have no products yet. You can go live without any.
live-add-product = Add a product
live-when = When
live-when-now = Now
live-when-now-note = The camera opens at once
live-when-later = Later
live-when-later-note = Customers see the time beforehand
live-starts = Start
live-starts-help = Only for a later show.
live-prepare = Prepare the show
live-my-shows = Past and coming shows

# The seller: studio
live-studio = Studio
live-announced-for = Announced for { $when }. You may start earlier.
live-preview = Your picture
live-needs-script = Please switch on JavaScript in your browser to go live.
live-mic = Microphone level
live-uplink = Measuring your connection.
live-open-outside = Open in Chrome
live-start = Go live
live-camera-again = Camera on again
live-flip = Turn camera
live-mute = Mute
live-answer = Answer your customers
live-hide = Hide
live-show-again = Bring the last hidden line back
live-show-goods = Show a product
live-unpin = Take the card down
live-orders = Orders
live-orders-none = New orders appear here at once.
live-end = End the show
live-say-asking = Opening the camera. Please allow it.
live-say-ready = Picture and sound are fine. You can start.
live-say-silent = We hear nothing. Say something.
live-say-denied = The camera is blocked. Tap the lock beside the address and allow camera and microphone.
live-say-nocamera = No camera found. Open this on your phone.
live-say-taken = Another app uses the camera. Close it and try again.
live-say-insecure = The camera needs an https address.
live-say-inapp = You cannot go live inside this app. Open it in Chrome or Safari.
live-say-connecting = Connecting your show.
live-say-air = You are on air.
live-say-again = The connection broke. Stay here, we connect again.
live-say-lost = We could not connect. Check your internet and try again.
live-say-refused = The show could not start. Reload this page and try again.
live-say-ended = The show is over.
live-say-good = Your connection is fast. The picture will be sharp.
live-say-fair = Your connection is fair. You can go live.
live-say-poor = Your connection is slow. Go closer to the Wi-Fi.
live-say-green = Going out well
live-say-yellow = A little slow
live-say-red = May break up
live-say-end-again = Tap once more to end
live-over-thanks = Well done. The show is over.
live-over-lines = Lines in the chat
live-over-replay = Customers can now watch it again.
live-over-closing = The recording is being finished. Look again in a moment.
live-see-replay = Watch again
live-to-orders = See the orders

# Problems
problem-show-over = The show is over
problem-show-over-next = Watch it again, or look for the next show of this stall.
problem-show-still-on = The show is still on
problem-show-still-on-next = You can watch it again when it is over.
problem-show-begun = The show has begun
problem-show-begun-next = The time of a show that has begun cannot change. Announce a new one.
problem-on-air-elsewhere = This stall is on air with another show
problem-on-air-elsewhere-next = End that show first, then start this one.
problem-wrong-key = The publish key is wrong
problem-wrong-key-next = Reload the studio and start again.
problem-product-not-shown = This product cannot be shown now
problem-product-not-shown-next = It was removed or belongs to another stall. Choose another one.
problem-another-body = The same key came with another body
problem-another-body-next = Give a new request a new Idempotency-Key.
problem-show-fields = Something needs mending
problem-show-fields-next = Mend the marked fields. A line has at most { $max } letters.
problem-broken-offer = The camera's connection cannot be read
problem-broken-offer-next = Reload the studio and start again. Another program must send an SDP offer.
problem-no-video = The connection has no video
problem-no-video-next = Switch the camera on, and send H.264 video.
problem-already-publishing = Another device is on air with this show
problem-already-publishing-next = When it stops there, you can go on here.
problem-too-far = That part lies far ahead
problem-too-far-next = Read join again and go on from the newest part.
problem-not-yet = No video yet
problem-not-yet-next = Ask again in a moment.
problem-too-many-shows = Too many shows are on air
problem-too-many-shows-next = Start again when another one has ended.
problem-sdp-large = The offer is too large
problem-sdp-large-next = An SDP may have 64 KB.
problem-uplink-large = Too much at once
problem-uplink-large-next = Send at most 512 KB to measure the connection.
field-title-missing = Please give the show a title.
field-title-long = A title has at most 60 letters.
field-starts-missing = Please choose the day and the hour.
field-starts-past = That time has passed. Choose a later one.
field-starts-far = Choose a time within six months.
field-products-many = A show has at most 30 products.
field-product-not-yours = One of these is not this stall's. Please choose again.
field-chat-empty = Say something first.
field-chat-long = At most { $max } letters. Please make it shorter.
live-somebody = A shopper
