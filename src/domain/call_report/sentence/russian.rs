//! Findings in Russian.

use super::super::{Finding, MicrophoneFault, PathUsed, RelayRefusal, RelayTransport, Way};
use super::{joined, span};
use crate::domain::UserId;

pub(super) fn say(finding: &Finding, name: &dyn Fn(UserId) -> String) -> String {
    match finding {
        Finding::Live => "Звонок идёт.".into(),
        Finding::Closed => "Звонок завершён с сервера.".into(),
        Finding::Talked { seconds, path } => {
            let path = match path {
                PathUsed::Direct => Some("напрямую с устройства на устройство".into()),
                PathUsed::Relayed { way } => Some(format!("через {}", way_ru(*way))),
                PathUsed::Room => Some("через комнату на сервере".into()),
                PathUsed::Unknown => None,
            };
            match joined(seconds.map(span_ru), path) {
                how if how.is_empty() => "Разговор состоялся.".into(),
                how => format!("Разговор состоялся: {how}."),
            }
        }
        Finding::Poor {
            user,
            loss,
            round_trip_ms,
        } => {
            let loss = loss.map(|loss| format!("терялось {loss} % звука"));
            let trip = round_trip_ms.map(|ms| format!("звук туда и обратно шёл {ms} мс"));
            format!(
                "{}: связь была плохой ({}).",
                name(*user),
                joined(loss, trip)
            )
        }
        Finding::UdpBlocked { user, through, .. } => format!(
            "{}: на связи, но сеть там не пропускает UDP{}.",
            name(*user),
            through.map_or(String::new(), |way| format!(
                "; разговор шёл через {}",
                way_ru(way)
            ))
        ),
        Finding::OnlyTls { user, through, .. } => format!(
            "{}: на связи, но сеть там не пропускает ничего, кроме TLS{}.",
            name(*user),
            through.map_or(String::new(), |way| format!(
                "; разговор шёл через {}",
                way_ru(way)
            ))
        ),
        Finding::Offline { user } => format!(
            "{} не в сети: ни одно устройство не зазвонило.",
            name(*user)
        ),
        Finding::NoAnswer {
            user,
            devices,
            seconds,
        } => {
            format!(
                "{} не отвечает: звонок шёл {seconds} с, {}.",
                name(*user),
                devices_ru(*devices)
            )
        }
        Finding::Declined { user } => format!("{}: звонок отклонён.", name(*user)),
        Finding::Cancelled { user, seconds } => {
            format!(
                "{}: звонок отменён через {seconds} с, не дождавшись ответа.",
                name(*user)
            )
        }
        Finding::NobodyCame { rung } => {
            format!("Никто не пришёл в групповой звонок, хотя звали ({rung}).")
        }
        Finding::AnsweredElsewhere { user, device } => {
            let device = device
                .as_ref()
                .map_or(String::new(), |device| format!(" ({device})"));
            format!("{}: ответ на другом устройстве{device}.", name(*user))
        }
        Finding::NoMicrophone { user, fault } => {
            let why = match fault {
                MicrophoneFault::Denied => "браузер не дал микрофон: доступ запрещён",
                MicrophoneFault::Missing => "микрофон не найден",
                MicrophoneFault::InUse => "микрофон занят другой программой",
                MicrophoneFault::Insecure => {
                    "страница открыта не по https, и браузер не дал микрофон"
                }
            };
            format!("{}: ответить не получилось, {why}.", name(*user))
        }
        Finding::RelayRefused { user, why } => {
            let why = match why {
                RelayRefusal::Expired => {
                    "пропуск к ретранслятору истёк; приложение нужно открыть заново"
                }
                RelayRefusal::Banned => "вход, которому выдан пропуск, завершён",
                RelayRefusal::Quota => {
                    "превышена квота соединений через ретранслятор (turn.allocations_per_user)"
                }
                RelayRefusal::Full => {
                    "на ретрансляторе не осталось места (turn.relay_ports, turn.allocations)"
                }
                RelayRefusal::Request => "приложение просит то, чего ретранслятор не умеет",
            };
            format!("{}: сервер отказал в запасном пути, {why}.", name(*user))
        }
        Finding::CertificateExpired { since } => {
            format!("Сертификат сервера истёк {since}: путь через TLS закрыт. Обновите сертификат.")
        }
        Finding::ClockOff { user, seconds } => format!(
            "{}: часы устройства {} на {}; пока они неверны, защищённые соединения могут не открываться.",
            name(*user),
            if *seconds > 0 {
                "спешат"
            } else {
                "отстают"
            },
            span_ru(seconds.abs())
        ),
        Finding::ServerAddressWrong { user } => format!(
            "{}: сервер отвечает по своему имени, но не по адресу, который называет сам. Проверьте turn.external_address.",
            name(*user)
        ),
        Finding::NoWayOut { user } => {
            format!(
                "{}: сеть там не пропускает к серверу звонков ни UDP, ни TCP, ни TLS.",
                name(*user)
            )
        }
        Finding::NoPath { user } => {
            format!(
                "На звонок ответили, но связь не установилась (сообщает {}).",
                name(*user)
            )
        }
        Finding::ServerRestarted => "Сервер перезапускался, и звонок не возобновился.".into(),
        Finding::Vanished { user } => format!(
            "{}: связь с устройством пропала и не вернулась.",
            name(*user)
        ),
        Finding::PathBroke { user } => {
            format!(
                "{}: разговор прервался, нового пути не нашлось.",
                name(*user)
            )
        }
        Finding::NotReported { user, old } => {
            let why = if *old {
                "старое приложение не умеет рассказывать"
            } else {
                "приложение не рассказало"
            };
            format!(
                "{}: {why}, что видело; известно только то, что видел сервер.",
                name(*user)
            )
        }
        Finding::Incomplete { steps } => format!("Запись неполна: не записано шагов: {steps}."),
        Finding::NotRecorded => "Подробности этого звонка не записаны или уже удалены.".into(),
    }
}

fn way_ru(way: Way) -> String {
    let over = match way.over {
        RelayTransport::Udp => "UDP",
        RelayTransport::Tcp => "TCP",
        RelayTransport::Tls => "TLS",
    };
    way.port.map_or_else(
        || format!("сервер ({over})"),
        |port| format!("{port} ({over})"),
    )
}

fn devices_ru(devices: u32) -> String {
    let word = if devices % 10 == 1 && devices % 100 != 11 {
        "устройстве"
    } else {
        "устройствах"
    };
    format!("на {devices} {word}")
}

fn span_ru(seconds: i64) -> String {
    span(seconds, ["с", "мин", "ч", "дн"])
}
