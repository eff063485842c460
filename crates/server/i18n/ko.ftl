# 개발자 안내
server-api-title = 개발자 안내
server-api-about = 화면에서 할 수 있는 일은 모두 API로도 할 수 있어요. 주소는 /api/v1/ 로 시작하고, 금액은 원 단위 정수, 시각은 유닉스 밀리초예요.
server-api-sign-in = 들어온 뒤 받은 토큰을 Authorization: Bearer 머리글에 넣어 주세요.
server-api-key = 만드는 POST에는 Idempotency-Key 머리글이 꼭 있어야 해요. 같은 키로 다시 보내면 같은 것을 돌려드려요.
server-api-problems = 거절은 RFC 9457 problem+json 이에요. type이 같으면 같은 문제예요.
server-api-cursors = 목록은 limit(1–100)과 cursor로 이어 봐요. next_cursor가 없으면 끝이에요.
server-api-parameters = 넣는 값
server-api-required = 꼭 필요해요
server-api-body = 보내는 몸
server-api-answers = 돌아오는 것
server-api-shapes = 모양
